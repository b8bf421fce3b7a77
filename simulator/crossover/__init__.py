"""Policies across worlds, and on one shared log."""
