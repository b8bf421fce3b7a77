"""Intervals that stay right however often one looks, and stops when they are clear."""
