"""Runs and experiments: planned, played, resumed, exported, reported."""
