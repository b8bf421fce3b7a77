"""Tests of recommender/session_log."""
