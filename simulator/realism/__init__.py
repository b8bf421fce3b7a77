"""How like the simulated shoppers are to those of a real log."""
