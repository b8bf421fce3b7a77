"""Tests of simulator/catalogues/fetching."""
