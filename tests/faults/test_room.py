"""Case 12: no room left on the disk, and room again."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import schema
from db.engine import open_engine
from tests import factories
from tests.faults import lane
from tests.faults.account import Account, Tale
from tests.faults.backlog import Backlog
from tests.faults.conftest import PLAN
from tests.faults.harness import meanwhile, play, supervised
from tests.faults.lane import short_or_whole, wait_until
from tests.faults.servers import OwnPostgres

Accounts = Callable[..., Account]


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A tmpfs of a few megabytes; needs the right to mount one."""
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={megabytes}m", "windowshop-test")
    mounted = subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """For SQLite."""
    with small_disk(tmp_path / "small", megabytes=24) as folder:
        yield folder


@pytest.fixture
def own_postgres(
    cluster_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnPostgres]:
    """A Postgres with all it has on a small disk."""
    with small_disk(cluster_folder / "small", megabytes=140) as folder:
        server = OwnPostgres(folder / "data", tmp_path_factory.mktemp("runtime"))
        yield server
        server.stop()


def test_12_the_disk_is_full_for_a_while(disk: Path, tale: Tale, accounts: Accounts) -> None:
    """Nothing is half-written, nothing is given up, workers and command go on as soon as there is
    room.
    """
    engine = open_engine(f"sqlite:///{disk / 'shop.db'}")
    schema.ensure(engine)
    factories.stock(engine)
    account = accounts(12, "disk full for a while (tmpfs)", engine)

    def fill_and_free() -> None:
        ballast = disk / "ballast"
        fill(ballast)
        time.sleep(short_or_whole(4, 20))  # how long it is full is the fault
        ballast.unlink()

    with supervised(engine) as supervisor, meanwhile(account, engine, fill_and_free):
        play(engine, supervisor, PLAN, insist=True)
    account.audit(engine, tale)
    engine.dispose()


def test_12_the_disk_of_postgres_is_full_for_a_while(
    own_postgres: OwnPostgres, tale: Tale, accounts: Accounts
) -> None:
    """The same where the database is a server; one that ends itself over it is started again by its
    owner.
    """
    own_postgres.database("shop")
    engine = open_engine(f"postgresql://postgres@127.0.0.1:{own_postgres.port}/shop")
    schema.ensure(engine)
    factories.stock(engine)
    account = accounts(12, "disk full for a while (tmpfs)", engine)
    ballast = own_postgres.folder.parent / "ballast"

    def fill_and_free() -> None:
        fill(ballast)
        wait_until(
            lambda: b"No space left" in own_postgres.log.read_bytes(), "a server without room"
        )
        time.sleep(short_or_whole(2, 20))  # how long it is full is the fault
        ballast.unlink()
        if not own_postgres.is_alive:
            own_postgres.start()

    with supervised(engine) as supervisor:
        backlog = Backlog(engine, tale, supervisor, random.Random(lane.SEED))
        with meanwhile(account, engine, fill_and_free):
            backlog.tell()
        wait_until(lambda: len(supervisor.pids) == 2, "both workers")
    assert backlog.pardoned == 0
    account.audit(engine, tale, acknowledged=backlog.places, offered=backlog.offered)
    engine.dispose()


def fill(ballast: Path) -> None:
    """Take all the room there is."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from db.engine import open_engine
from db.errors import WindowshopError
from tests import factories
from tests.faults import harness
from tests.faults.conftest import PLAN
from workers.local_workforce import LocalWorkforce
engine = open_engine(sys.argv[2])
try:
    harness.play(engine, LocalWorkforce(engine), PLAN)
except WindowshopError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def test_12_files_may_not_grow(sqlite: Engine, tale: Tale, accounts: Accounts) -> None:
    """`ulimit -f`: the command ends with one line that says so, and goes on once the limit is
    lifted.
    """
    factories.stock(sqlite)
    account = accounts(12, "files may not grow (ulimit -f)", sqlite)
    file = Path(sqlite.url.database or "")
    sqlite.dispose()
    limit = file.stat().st_size + 200_000
    address = sqlite.url.render_as_string(hide_password=False)
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), address],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("DependencyError: "), ended.stderr
    with supervised(sqlite) as supervisor:
        play(sqlite, supervisor, PLAN)
    account.audit(sqlite, tale)
