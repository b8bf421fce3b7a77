"""Tests of recommender/evaluation."""
