"""Unit tests of the recommender."""
