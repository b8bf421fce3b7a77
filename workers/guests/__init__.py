"""Recommenders that are not ours: how they are named, reached, asked, and kept at a distance."""
