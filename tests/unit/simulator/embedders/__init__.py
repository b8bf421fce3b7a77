"""Tests of simulator/embedders."""
