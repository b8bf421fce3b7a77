"""Case 12: no room left on the disk, and room again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import schema
from db.engine import open_engine
from tests import factories
from tests.faults.account import Account, Tale
from tests.faults.conftest import PLAN
from tests.faults.harness import meanwhile, play, supervised
from tests.faults.lane import short_or_whole

Accounts = Callable[..., Account]
MEGABYTES = 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of a few megabytes; needs the right to mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "windowshop-test", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_12_the_disk_is_full_for_a_while(small_disk: Path, tale: Tale, accounts: Accounts) -> None:
    """Nothing is half-written, nothing is given up, workers and command go on as soon as there is room."""
    engine = open_engine(f"sqlite:///{small_disk / 'shop.db'}")
    schema.ensure(engine)
    factories.stock(engine)
    account = accounts(12, "disk full for a while (tmpfs)", engine)

    def fill_and_free() -> None:
        ballast = small_disk / "ballast"
        fill(ballast)
        time.sleep(short_or_whole(4, 20))  # how long it is full is the fault
        ballast.unlink()

    with supervised(engine) as supervisor, meanwhile(account, engine, fill_and_free):
        play(engine, supervisor, PLAN, insist=True)
    account.audit(engine, tale)
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
from workers.local import LocalHands
engine = open_engine(sys.argv[2])
try:
    harness.play(engine, LocalHands(engine), PLAN)
except WindowshopError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def test_12_files_may_not_grow(sqlite: Engine, tale: Tale, accounts: Accounts) -> None:
    """`ulimit -f`: the command ends with one line that says so, and goes on once the limit is lifted."""
    factories.stock(sqlite)
    account = accounts(12, "files may not grow (ulimit -f)", sqlite)
    file = Path(sqlite.url.database or "")
    sqlite.dispose()
    limit = file.stat().st_size + 200_000
    address = sqlite.url.render_as_string(hide_password=False)
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), address], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("DependencyError: "), ended.stderr
    with supervised(sqlite) as supervisor:
        play(sqlite, supervisor, PLAN)
    account.audit(sqlite, tale)
