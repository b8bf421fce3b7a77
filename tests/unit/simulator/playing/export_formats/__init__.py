"""Tests of simulator/playing/export_formats."""
