"""Tests of simulator/installation."""
