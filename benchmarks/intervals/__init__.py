"""How often intervals hold what they are about: `make coverage`."""
