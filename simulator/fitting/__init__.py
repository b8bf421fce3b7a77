"""The numbers of a world, fitted to a log by simulated moments."""
