"""Tests of simulator/playing/slates_out."""
