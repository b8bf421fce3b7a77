"""The version of the database: asks for it cheaply, and brings it up to date by Alembic's
migrations.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from db.engine import read_transaction, write_transaction
from db.errors import SchemaError

HEAD = "0010"
"""The newest migration this code knows; a test holds it to the files."""

KNOWN = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")


def version(conn: Connection) -> str | None:
    """The migration the database stands at; None when it is empty."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def ensure(engine: Engine) -> bool:
    """Bring the database to HEAD; True when there was something to do.

    Raises SchemaError when a newer version of Windowshop made it.
    """
    with read_transaction(engine) as conn:
        if stands_at(conn) == HEAD:
            return False
    with write_transaction(engine) as conn:
        _alone(conn)
        if stands_at(conn) == HEAD:  # somebody else was quicker
            return False
        migrate(conn, HEAD)
    return True


def check(engine: Engine) -> None:
    """Raise SchemaError unless the database is at HEAD."""
    with read_transaction(engine) as conn:
        found = stands_at(conn)
    if found != HEAD:
        raise SchemaError(
            f"the database is at version {found or 'none'}, this Windowshop needs {HEAD}; "
            "any command that writes, `windowshop up` for one, brings it up to date"
        )


def migrate(conn: Connection, target: str) -> None:
    """Go up or down to a migration, within the transaction given; `base` is the empty database."""
    # A third of a second that most commands need not pay.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = conn
    found = version(conn)
    goes_down = target == "base" or (found is not None and KNOWN.index(found) > KNOWN.index(target))
    (command.downgrade if goes_down else command.upgrade)(config, target)


def _alone(conn: Connection) -> None:
    """Wait for others that migrate. SQLite's write lock has seen to it; Postgres needs a lock of
    its own.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('windowshop.schema'))"))


def stands_at(conn: Connection) -> str | None:
    """The migration the database stands at; SchemaError when it is none of ours."""
    found = version(conn)
    if found is not None and found not in KNOWN:
        raise SchemaError(
            f"the database is at version {found}, made by a newer Windowshop than this (it knows"
            f" {HEAD}); update Windowshop, or point DATABASE_URL to another database"
        )
    return found
