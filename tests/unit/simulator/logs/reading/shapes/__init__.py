"""Tests of simulator/logs/reading/shapes."""
