"""What benchmarks share: an installation to measure, its whole road, and how a claim is told."""
