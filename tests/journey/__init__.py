"""Whole trips."""
