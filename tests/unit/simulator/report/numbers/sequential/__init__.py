"""Tests of the ways to compare two policies."""
