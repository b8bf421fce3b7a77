"""How things stand, looked at once a second for all who watch, and kept for those who come back."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest
from sqlalchemy import Engine

from db import backlog, heartbeats, runs, visits
from db.engine import read_transaction
from db.errors import WindowshopError
from db.event_counts import EventCounts
from db.events import Kind
from db.runs import FINISHED, Run
from workers.knowledge import LIVE

EVERY_SECONDS = 1.0
KEPT = 180
"""Samples in memory: three minutes."""
SHARE_OF_TIME = 0.1
"""Looking may take so much of the time; where it takes long, it is done less often."""
IDLE_SECONDS = KEPT * EVERY_SECONDS
"""Nobody has watched for so long: the looking ends until somebody does. Who comes back earlier
finds no gap.
"""


@dataclass(frozen=True)
class RunNow:
    """One run at one moment."""

    run: str
    policy: str
    kind: str
    events: int
    clicks: int
    shown: int
    purchases: int
    generations: int
    days: int
    visits_open: int

    @property
    def ctr(self) -> tuple[float, float, float] | None:
        """Clicks of items shown, with its 95 % interval (Wilson 1927); None before any."""
        if not self.shown:
            return None
        found = binomtest(min(self.clicks, self.shown), self.shown)
        ends = found.proportion_ci(method="wilson")
        return self.clicks / self.shown, float(ends.low), float(ends.high)


@dataclass(frozen=True)
class Sample:
    """Everything at one moment. at: seconds since 1970; waits: of the oldest piece, in seconds."""

    number: int
    at: float
    runs: list[RunNow]
    waiting: int
    waits: float
    parked: int
    workers: int

    @property
    def events(self) -> int:
        """Of all runs shown."""
        return sum(one.events for one in self.runs)

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {**vars(self), "runs": [vars(one) for one in self.runs]}


class Sampler:
    """Looks while somebody watches."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: deque[Sample] = deque(maxlen=KEPT)
        self._counts: dict[int, EventCounts] = {}
        self._watched = 0.0
        self._number = int(time.time() * 1000)
        """Numbers go on rising over a restart of the server."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def after(self, number: int) -> list[Sample]:
        """The samples that are newer, oldest first; asking keeps the looking going."""
        self._watched = time.monotonic()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look_on, name="sampler", daemon=True)
                self._thread.start()
        return [one for one in list(self._kept) if one.number > number]

    def kept(self) -> list[Sample]:
        """All that are remembered."""
        return list(self._kept)

    def _look_on(self) -> None:
        while time.monotonic() - self._watched < IDLE_SECONDS:
            began = time.monotonic()
            with suppress(WindowshopError):  # the page says how long ago it was seen
                self._kept.append(self._look())
            took = time.monotonic() - began
            time.sleep(max(EVERY_SECONDS - took, took * (1 / SHARE_OF_TIME - 1)))

    def _look(self) -> Sample:
        with read_transaction(self._engine) as conn:
            going_on = [
                one
                for one in runs.every(conn)
                if one.state != FINISHED or one.config.get("kind") == LIVE
            ]
            known = self._counts
            self._counts = {
                one.number: known.get(one.number, EventCounts(one.number)) for one in going_on
            }
            now = [self._run(conn, one) for one in going_on]
            piles = backlog.piles(conn)
            processes = heartbeats.every(conn)
        waiting = [one for one in piles if one.state != "parked"]
        self._number += 1
        return Sample(
            self._number,
            time.time(),
            now,
            sum(one.number for one in waiting),
            max((float(one.oldest) for one in waiting), default=0.0),
            sum(one.number for one in piles if one.state == "parked"),
            sum(one.kind == heartbeats.WORKER and not one.is_silent for one in processes),
        )

    def _run(self, conn: Any, run: Run) -> RunNow:
        counts = self._counts[run.number].now(conn)
        config = run.config
        return RunNow(
            run.id,
            config["policy"],
            config.get("kind", "simulated"),
            sum(counts.values()),
            counts.get(Kind.CLICK, 0),
            counts.get(Kind.IMPRESSION, 0) * config["recommender"]["slate_size"],
            counts.get(Kind.PURCHASE, 0),
            visits.latest_generation(conn, run.number) + 1,
            config["days"],
            visits.count(conn, run.number)[0],
        )
