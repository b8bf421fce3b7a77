"""Tests of simulator/logs."""
