"""Tests of recommender/embedding/training."""
