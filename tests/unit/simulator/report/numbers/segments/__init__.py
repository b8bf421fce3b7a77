"""Tests of simulator/report/numbers/segments."""
