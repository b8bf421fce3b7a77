"""Tests of simulator/report/pages."""
