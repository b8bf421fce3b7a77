"""Tests of recommender/taste."""
