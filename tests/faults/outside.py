"""A supervisor in a process of its own, `windowshop up`, and what can be seen of it from
outside.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from tests.faults.harness import Bells
from tests.faults.lane import wait_until


def start_up(
    database_url: str, redis_url: str = "", *, workers: int = 2
) -> subprocess.Popen[bytes]:
    """`windowshop up` on somebody's database, and on somebody's Redis if one is given."""
    own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "WINDOWSHOP_RELAY_SECONDS": "0.3"}
    command = [sys.executable, "-m", "simulator", "up", "--workers", str(workers)]
    return subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL)


class Outside:
    """`windowshop up` with a Valkey of its own; who rings at it comes from elsewhere."""

    def __init__(self, engine: Engine, *, workers: int) -> None:
        self.engine = engine
        url = engine.url.render_as_string(hide_password=False)
        self.process = start_up(url, workers=workers)
        wait_until(lambda: len(self.pids) == workers, "the workers")
        self.redis_url = f"unix://{command_of(self.guard)[-1]}/valkey.sock"

    @property
    def pids(self) -> dict[str, int]:
        """The workers that live now, by name, the oldest first."""
        found = {}
        for pid in children(self.process.pid):
            words = command_of(pid)
            if "--name" in words:
                found[words[words.index("--name") + 1]] = pid
        return dict(sorted(found.items(), key=lambda one: started(one[1])))

    @property
    def guard(self) -> int:
        """The process that Valkey hangs on."""
        return next(
            pid for pid in children(self.process.pid) if "workers.redis_server" in command_of(pid)
        )

    @property
    def valkey(self) -> int | None:
        """The server itself; None while there is none."""
        return next(iter(children(self.guard)), None)

    def ring(self, work_ids: list[int]) -> None:
        """As another process rings."""
        Bells(self.redis_url).ring(work_ids)


class AllButTheOldest:
    """The workers that a storm may hit; one is left to live long, so that what it hoards would
    show.
    """

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.engine = outside.engine

    @property
    def pids(self) -> dict[str, int]:
        """By name."""
        return dict(list(self.outside.pids.items())[1:])


@contextmanager
def up(engine: Engine, *, workers: int) -> Iterator[Outside]:
    """Workers at work under a supervisor of their own."""
    outside = Outside(engine, workers=workers)
    try:
        yield outside
    finally:
        outside.process.terminate()
        assert outside.process.wait() == 0


def children(pid: int) -> list[int]:
    """The processes that any thread of this one started."""
    found: list[int] = []
    for task in sorted(Path(f"/proc/{pid}/task").glob("*")):
        try:
            found += [int(word) for word in (task / "children").read_text().split()]
        except OSError:  # the thread has ended
            continue
    return found


def command_of(pid: int) -> list[str]:
    """Its command line; nothing when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def started(pid: int) -> int:
    """When it began, in the kernel's ticks; never, when it has gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except OSError:
        return sys.maxsize


def resident(pid: int | None) -> int:
    """Kilobytes of a process that are in memory; 0 when it has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
