"""What is drawn: charts and grids of pictures."""
