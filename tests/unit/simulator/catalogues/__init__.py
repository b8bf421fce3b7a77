"""Tests of simulator/catalogues."""
