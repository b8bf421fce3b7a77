"""What benchmarks are fed with: made-up logs, traffic and a guest."""
