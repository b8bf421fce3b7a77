"""Tests of simulator/crossover."""
