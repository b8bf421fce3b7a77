"""Tests of simulator/playing."""
