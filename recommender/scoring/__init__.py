"""Scores of an item for a request: from pairs, from neighbours, and what calibrates them."""
