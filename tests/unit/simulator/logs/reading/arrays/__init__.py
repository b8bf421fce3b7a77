"""Tests of simulator/logs/reading/arrays."""
