"""Recommenders of one's own, as the simulator knows them: let in, played in memory, tried out."""
