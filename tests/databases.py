"""Databases to test on: which kind is meant where a test does not say, and new ones and copies of
both.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from uuid import uuid4

SQLITE = "sqlite"
POSTGRES = "postgres"

PASS = os.environ.get("TEST_DATABASE", SQLITE)
"""The kind of database for all tests that any kind will do for; `make test-postgres` is the other
pass.
"""

KINDS = (POSTGRES,) if PASS == POSTGRES else (SQLITE, POSTGRES)
"""The kinds that a test of both runs on in this pass."""

if PASS not in (SQLITE, POSTGRES):
    raise ValueError(f"TEST_DATABASE is {PASS!r}; give {SQLITE} or {POSTGRES}")


def hurry(address: str) -> None:
    """Leave it to the kernel when to write: this machine's power does not fail in the middle of a
    test.
    """
    import psycopg

    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET fsync = off")
        conn.execute("SELECT pg_reload_conf()")


def fresh_postgres(address: str) -> str:
    """The address of a new, empty database on a server."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"'.encode())
    from sqlalchemy import make_url

    return make_url(address).set(database=name).render_as_string(hide_password=False)


def copied(address: str, folder: Path) -> str:
    """The address of a copy of a database that nobody is connected to, to be spoilt."""
    import psycopg
    from sqlalchemy import make_url

    found = make_url(address)
    if found.get_backend_name() == "sqlite":
        shutil.copy(str(found.database), folder / "copy.db")
        return f"sqlite:///{folder / 'copy.db'}"
    name = f"test_{uuid4().hex}"
    server = found.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{found.database}"'.encode())
    return found.set(database=name).render_as_string(hide_password=False)
