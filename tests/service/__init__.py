"""Real Valkey, SQLite, Postgres and RQ workers."""
