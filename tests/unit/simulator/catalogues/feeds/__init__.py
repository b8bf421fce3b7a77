"""Tests of simulator/catalogues/feeds."""
