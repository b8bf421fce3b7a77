"""A toy shop at work, and what can be done to it meanwhile."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, Self

from redis import Redis
from sqlalchemy import Engine, func, select

from db import work
from db.engine import open_engine, read_transaction
from db.errors import DependencyError, WorkError
from db.tables import heartbeat, slate
from db.tables import work as work_table
from simulator.playing.desk import Workforce
from simulator.playing.plan import Plan
from tests import factories
from tests.faults.account import Account
from tests.faults.lane import wait_until
from tests.faults.mortal import Fault
from workers import queue
from workers.supervisor import Supervisor

RELAY_SECONDS = 0.3
AWAY_SECONDS = 0.2
"""Between two questions to a database that is away."""

WHOEVER = 0.2
"""How often a storm hits one that is not even ready, where none is."""

BATCH = 8
"""Requests a job: small, so that there are many."""


@contextmanager
def supervised(
    engine: Engine,
    *,
    workers: int = 2,
    redis_url: str = "",
    fault: Fault | None = None,
    address: str | None = None,
    job_seconds: int = 120,
) -> Iterator[Supervisor]:
    """Workers at work, mortal ones if there is a fault; `address`: where they find the database."""
    flags = {"workers": workers, "relay_seconds": RELAY_SECONDS, "job_seconds": job_seconds}
    own = open_engine(address) if address else engine
    context = factories.context_of(own, redis_url=redis_url, **flags)
    module = "tests.faults.mortal" if fault else "workers"
    before = os.environ.pop("FAULT", None)
    if fault:
        os.environ["FAULT"] = fault.to_env()
    try:
        with Supervisor(context.settings, own, module=module) as supervisor:
            yield supervisor
    finally:
        os.environ.pop("FAULT", None)
        if before is not None:
            os.environ["FAULT"] = before
        if own is not engine:
            own.dispose()


class Bells:
    """Rings at a Redis that somebody else's workers listen to."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ring(self, work_ids: list[int]) -> None:
        """Ring, if anybody is there to ring at."""
        try:
            connection = queue.connect(self.url)
        except DependencyError:
            return
        queue.ring(queue.queue(connection), work_ids, seconds=120)
        connection.close()


def play(engine: Engine, workforce: Workforce, plan: Plan, *, insist: bool = False) -> str:
    """Play the toy run; with `insist`, call again as its user would when the command ended with an
    error.
    """
    deadline = time.monotonic() + 600
    while True:
        try:
            return factories.play(engine, workforce, plan).run.id
        except (DependencyError, WorkError):
            if not insist or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def n_slates(engine: Engine) -> int:
    """How many requests were answered so far; -1 while the database is away."""
    try:
        with read_transaction(engine) as conn:
            return int(conn.execute(select(func.count()).select_from(slate)).scalar_one())
    except DependencyError:
        time.sleep(AWAY_SECONDS)
        return -1


def left(engine: Engine) -> set[int]:
    """The ids of all work that is not done; nobody's while the database is away."""
    try:
        with read_transaction(engine) as conn:
            return set(conn.execute(select(work_table.c.id)).scalars())
    except DependencyError:
        time.sleep(AWAY_SECONDS)
        return {-1}


def drained(engine: Engine) -> float:
    """Seconds until what waits now is done."""
    wait_until(lambda: -1 not in left(engine), "the database")
    now = left(engine)
    return wait_until(lambda: not now & left(engine), f"the end of work {sorted(now)[:5]}")


class meanwhile:  # noqa: N801 - reads as a clause
    """Does something when slates are there, and again as more come; notes how long work stood after
    it.

    The shop may be emptied meanwhile, and told again.
    """

    def __init__(
        self, account: Account, engine: Engine, deed: Callable[[], object], *, times: int = 1
    ) -> None:
        self.account = account
        self.engine = engine
        self.deed = deed
        self.times = times
        self.done_at: list[int] = []
        self.error: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        try:
            while len(self.done_at) < self.times and not self._over.wait(0.002):
                if (n := n_slates(self.engine)) > 0 and n not in self.done_at[-1:]:
                    self.deed()
                    self.done_at.append(n)
                    self.account.drained(drained(self.engine))
        except BaseException as error:
            self.error = error

    @property
    def is_over(self) -> bool:
        """Whether it has been done as often as it should, or failed."""
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if kind is not None:
            return
        if self.error:
            raise self.error
        assert len(self.done_at) == self.times, f"the run was over after {len(self.done_at)} times"


class Targets(Protocol):
    """Workers that may be killed, by name, and the database that says what they hold."""

    engine: Engine

    @property
    def pids(self) -> dict[str, int]:
        """Those that live now."""


class storm:  # noqa: N801 - reads as a clause
    """Kills workers at random moments, for some seconds or as long as it stands.

    Those at work first, else one that is ready; one time in five whoever there is. Were all that
    start hit before they are ready, nothing would ever be in their hands. A piece of work loses two
    workers at most: three park it.
    """

    def __init__(
        self,
        targets: Targets,
        *,
        seed: int,
        pause: tuple[float, float] = (0.2, 0.5),
        seconds: float = float("inf"),
    ) -> None:
        self.targets = targets
        self.pause = pause
        self.seconds = seconds
        self.rng = random.Random(seed)
        self.kills = 0
        self.struck: Counter[int] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._rage)

    @property
    def is_on(self) -> bool:
        """Whether it still rages; it must not have failed."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Until it is over by itself."""
        self._thread.join()

    def _rage(self) -> None:
        ends = time.monotonic() + self.seconds
        while not self._over.wait(self.rng.uniform(*self.pause)) and time.monotonic() < ends:
            if name := self._chosen(pids := self.targets.pids):
                with suppress(ProcessLookupError):  # it was dying anyway
                    self._strike(name, pids[name])

    def _chosen(self, pids: dict[str, int]) -> str | None:
        with read_transaction(self.targets.engine) as conn:
            ready = set(conn.execute(select(heartbeat.c.name)).scalars())
        held = self._held()
        whoever = sorted(pids) if self.rng.random() < WHOEVER else []
        of_choice = [sorted(held.keys() & pids), sorted(ready & pids.keys()), whoever]
        return next((self.rng.choice(names) for names in of_choice if names), None)

    def _strike(self, name: str, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)  # or it takes other work while we look
        held = self._held().get(name, [])
        if any(self.struck[one] >= work.MOST_TRIES - 1 for one in held):
            os.kill(pid, signal.SIGCONT)
            return
        self.struck.update(held)
        os.kill(pid, signal.SIGKILL)
        self.kills += 1

    def _held(self) -> dict[str, list[int]]:
        """The work in hand, by worker."""
        found: dict[str, list[int]] = {}
        with read_transaction(self.targets.engine) as conn:
            for one in conn.execute(select(work_table.c.worker, work_table.c.id)):
                found.setdefault(one.worker, []).append(one.id)
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def server_of(supervisor: Supervisor) -> int:
    """The process id of the embedded Valkey: the one child of its guard."""
    assert supervisor._server is not None
    found: list[int] = []

    def is_there() -> bool:
        guard = supervisor._server.guard.pid  # type: ignore[union-attr]
        children = Path(f"/proc/{guard}/task/{guard}/children")
        found[:] = [int(word) for word in children.read_text().split()] if children.exists() else []
        return bool(found)

    wait_until(is_there, "a server")
    return found[0]


def redis_of(supervisor: Supervisor) -> Redis:
    """A connection to the Redis of a supervisor."""
    return Redis.from_url(supervisor.settings.redis_url)
