"""Tests of simulator/catalogues/intake."""
