"""Tests of simulator/logs/reading/tables."""
