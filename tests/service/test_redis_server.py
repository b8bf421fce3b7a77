"""Our own Valkey starts, whoever was killed a moment ago; no folder outlives the next start."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.faults.lane import wait_until
from tests.faults.outside import children, command_of
from workers import redis_server
from workers.redis_server import EmbeddedServer
from workers.scratch import LOCK, PREFIX

pytestmark = pytest.mark.service

TIMES = int(os.environ.get("WINDOWSHOP_TEST_STARTS", "6"))
"""Kills at a start, each at another moment; 30 by hand."""
OWNER = """
from workers.redis_server import EmbeddedServer
server = EmbeddedServer()
print(server.url, flush=True)
input()
"""


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """TMPDIR, for us and whom we start; not below pytest's, as a socket's path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="ws-", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def descendants(pid: int) -> Iterator[int]:
    """All processes below one."""
    for child in children(pid):
        yield child
        yield from descendants(child)


def servers_in(folder: Path) -> list[int]:
    """The processes that live and name the folder on their command line."""
    pids = (int(one.name) for one in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if any(str(folder) in word for word in command_of(pid))]


@pytest.mark.parametrize(
    "moment", [random.Random(number).uniform(0, 0.8) for number in range(TIMES)]
)
def test_a_kill_of_all_at_the_start_leaves_nothing_to_the_next(
    scratch: Path, moment: float
) -> None:
    """Owner, guard and server: the next start comes up and clears their folder away."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    time.sleep(moment)  # the moment is the fault
    for pid in [*descendants(owner.pid), owner.pid]:
        os.kill(pid, signal.SIGKILL)
    owner.communicate()
    server = EmbeddedServer()
    try:
        assert Redis.from_url(server.url).ping()
        wait_until(lambda: len(list(scratch.iterdir())) == 1 or _swept(scratch), "one folder")
    finally:
        server.stop()
    assert list(scratch.iterdir()) == []
    wait_until(lambda: servers_in(scratch) == [], "no server left")


def _swept(scratch: Path) -> bool:
    """A guard that outlived the first look may have died since; another start looks again."""
    redis_server.Scratch().close()
    return len(list(scratch.iterdir())) == 1


@pytest.mark.parametrize("victim", ["workers.redis_server", "valkey-server"])
@pytest.mark.parametrize(
    "moment", [random.Random(number).uniform(0, 0.3) for number in range(max(2, TIMES // 3))]
)
def test_a_kill_of_guard_or_server_at_the_start_costs_another_start(
    scratch: Path, moment: float, victim: str
) -> None:
    """The owner tries again and has its server."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    found: list[int] = []

    def is_seen() -> bool:
        found[:] = [
            pid for pid in descendants(owner.pid) if any(victim in word for word in command_of(pid))
        ]
        return bool(found)

    wait_until(is_seen, victim)
    time.sleep(moment)  # the moment is the fault
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    assert owner.stdout
    said = owner.stdout.readline().decode().strip()
    assert said.startswith("unix://"), said
    owner.communicate()
    wait_until(lambda: servers_in(scratch) == [], "no server left")
    redis_server.Scratch().close()
    assert list(scratch.iterdir()) == []


def test_only_our_orphans_are_swept(scratch: Path) -> None:
    """What somebody holds, what bears no lock and a link elsewhere stay."""
    elsewhere = scratch / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    (scratch / f"{PREFIX}link").symlink_to(elsewhere)
    foreign = scratch / f"{PREFIX}foreign"
    foreign.mkdir()
    (foreign / "work").touch()
    os.utime(foreign, (0, 0))
    orphan, unborn, fresh = (scratch / f"{PREFIX}{name}" for name in ("orphan", "unborn", "fresh"))
    for folder in (orphan, unborn, fresh):
        folder.mkdir()
    (orphan / LOCK).touch()
    os.utime(unborn, (0, 0))
    with redis_server.Scratch() as held, redis_server.Scratch():
        assert held.path.exists()
    assert {one.name for one in scratch.iterdir()} == {
        "elsewhere",
        *(f"{PREFIX}{name}" for name in ("link", "foreign", "fresh")),
    }


def test_a_long_tmpdir_is_no_reason_to_fail(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unix socket's path has about a hundred bytes; the server then lies in a shorter place."""
    far = scratch / ("long" * 25)
    far.mkdir()
    monkeypatch.setenv("TMPDIR", str(far))
    monkeypatch.setattr("tempfile.tempdir", None)
    server = EmbeddedServer()
    try:
        assert Redis.from_url(server.url).ping()
        assert str(far) not in server.url
    finally:
        server.stop()
