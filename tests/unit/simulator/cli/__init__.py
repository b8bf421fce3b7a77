"""Tests of simulator/cli."""
