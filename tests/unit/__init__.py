"""Pure functions and small pieces: no network, no database server, seconds in all."""
