"""Tests of recommender/scoring."""
