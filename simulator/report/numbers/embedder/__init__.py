"""What is measured of embedders, and the same as JSON."""
