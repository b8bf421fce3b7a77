"""From lines to batches of events: CSV, JSON lines, Parquet."""
