"""Tests of simulator/logs/reading."""
