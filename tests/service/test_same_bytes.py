"""The same seed gives the same bytes, whatever the workers, the database, and who was killed
meanwhile.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import Engine, func, select

from db import schema
from db.engine import open_engine, read_transaction
from db.tables import slate, work
from simulator.operations.verify import verify
from tests import factories
from tests.tiers import first_of
from workers.local_workforce import LocalWorkforce
from workers.supervisor import Supervisor

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Run id and export of the toy shop played in this process on SQLite."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('reference') / 'shop.db'}")
    schema.ensure(engine)
    run = factories.play(engine, LocalWorkforce(engine)).run.id
    return run, factories.exported(engine, run)


def check(engine: Engine, run: str, reference: tuple[str, str]) -> None:
    """Same id, same bytes, and everything recomputes."""
    assert (run, factories.exported(engine, run)) == reference
    wrong = [finding for finding in verify(factories.context_of(engine), run) if not finding.ok]
    assert wrong == []


def test_in_this_process(engine: Engine, reference: tuple[str, str]) -> None:
    """--local, on both databases."""
    check(engine, factories.play(engine, LocalWorkforce(engine)).run.id, reference)


@pytest.mark.parametrize("workers", first_of([2, 1]))
def test_through_the_queue(engine: Engine, reference: tuple[str, str], workers: int) -> None:
    """Worker processes under a supervisor, on both databases."""
    context = factories.context_of(engine, workers=workers)
    with Supervisor(context.settings, engine) as supervisor:
        check(engine, factories.play(engine, supervisor).run.id, reference)


@pytest.mark.thorough
def test_while_workers_are_killed(engine: Engine, reference: tuple[str, str]) -> None:
    """SIGKILL of workers that have work in hand."""
    context = factories.context_of(engine, workers=2, relay_seconds=0.2)
    with Supervisor(context.settings, engine) as supervisor, killing(supervisor, times=4) as kills:
        run = factories.play(engine, supervisor).run.id
    assert kills.killed.total() >= 2
    check(engine, run, reference)


class killing:  # noqa: N801 - reads as a clause
    """Ends workers in the middle of their work, twice the same work at most: a third time would
    park it.
    """

    def __init__(self, supervisor: Supervisor, *, times: int) -> None:
        self.supervisor = supervisor
        self.times = times
        self.killed: Counter[int] = Counter()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        """Look for work in hand, and end whoever holds it."""
        while self.killed.total() < self.times and not self.over.wait(0.001):
            with read_transaction(self.supervisor.engine) as conn:
                held = conn.execute(
                    select(work.c.id, work.c.worker).where(work.c.begun.is_not(None))
                ).all()
            for work_id, worker in held:
                pid = self.supervisor.pids.get(worker)
                if pid is not None and self.killed[work_id] < 2:
                    os.kill(pid, signal.SIGKILL)
                    self.killed[work_id] += 1

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def test_after_everything_was_killed_and_resumed(
    engine: Engine, database_url: str, reference: tuple[str, str]
) -> None:
    """SIGKILL of the command, with its workers and its Valkey, in the middle of a run; then played
    again.
    """
    factories.stock(engine)
    player = subprocess.Popen([sys.executable, "-m", "tests.service.player", database_url])
    wait_for(lambda: count_slates(engine) > 60, player)
    player.kill()
    player.wait()
    assert count_slates(engine) > 0
    with Supervisor(factories.context_of(engine, workers=1).settings, engine) as supervisor:
        check(engine, factories.play(engine, supervisor).run.id, reference)


def count_slates(engine: Engine) -> int:
    """How many requests were answered so far."""
    with read_transaction(engine) as conn:
        return int(conn.execute(select(func.count()).select_from(slate)).scalar_one())


def wait_for(condition: object, player: subprocess.Popen[bytes]) -> None:
    """Until it holds; fails when the player ended before or nothing happens for a minute."""
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert player.poll() is None, "the player was done before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_two_runs_of_one_database_do_not_touch(engine: Engine, reference: tuple[str, str]) -> None:
    """Another seed played in between changes nothing."""
    other = factories.play(engine, LocalWorkforce(engine), seed=2).run.id
    run = factories.play(engine, LocalWorkforce(engine)).run.id
    assert other != run
    check(engine, run, reference)


def test_every_worker_and_server_is_gone_when_the_supervisor_ends(any_engine: Engine) -> None:
    """Nothing is left running."""
    context = factories.context_of(any_engine, workers=2)
    others = set(family(os.getpid()))
    with Supervisor(context.settings, any_engine) as supervisor:
        pids = [*supervisor.pids.values(), *(set(family(os.getpid())) - others)]
    assert len(pids) >= 4
    assert [pid for pid in pids if lives(pid)] == []


def family(parent: int) -> Iterator[int]:
    """Every process below one."""
    found = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    pairs = [tuple(map(int, line.split())) for line in found.splitlines()]
    below = {parent}
    for _ in range(4):
        below |= {pid for pid, ppid in pairs if ppid in below}
    names = {pid for pid in below if Path(f"/proc/{pid}/cmdline").exists()}
    yield from names - {parent}


def lives(pid: int) -> bool:
    """Whether a process runs; the `ps` that asked is gone by now."""
    return (
        Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    )
