"""Tests of simulator/report/numbers."""
