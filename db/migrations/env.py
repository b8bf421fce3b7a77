"""How Alembic reaches the database: by the connection that `db.schema` hands it."""

from __future__ import annotations

from alembic import context

from db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter tables in place
    transaction_per_migration=False,
)
context.run_migrations()
