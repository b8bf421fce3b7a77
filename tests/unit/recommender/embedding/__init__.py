"""Tests of recommender/embedding."""
