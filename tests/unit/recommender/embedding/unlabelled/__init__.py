"""Tests of recommender/embedding/unlabelled."""
