"""What is measured: of runs, of experiments, of logs."""
