"""Who counts: SciPy as a reference, DuckDB in one process, Spark on any master."""
