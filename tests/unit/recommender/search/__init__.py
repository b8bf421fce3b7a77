"""Tests of recommender/search."""
