"""Tests of simulator/report/figures."""
