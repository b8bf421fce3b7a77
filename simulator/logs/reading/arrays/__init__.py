"""From batches to one log: values, times, sessions, doubles."""
