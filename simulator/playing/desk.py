"""The desk between shoppers and recommender: stores what they did, fetches the slates they asked
for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from db import cointeractions, event_log, slate_outcomes, slates, work
from db.engine import read_transaction, write_transaction
from db.errors import DependencyError, WorkError
from db.events import Events
from db.runs import Run
from recommender.ranking import SLATE
from simulator.world.day import SlateOutcomes

BATCH = 256
"""Requests a job: large enough to hide the queue's cost, small enough to share among workers."""

NOTHING_KNOWN = -1
"""The generation that the slates of the first day read."""

SHORT_NAP = 0.001
LONG_NAP = 0.02
STALLED_SECONDS = 600.0

Sessions = NDArray[np.int64]
Ranker = Callable[[Sessions, int], Any]
"""(sessions, step) -> SLATE [n, k]: how the simulator ranks for requests itself."""


class Workforce(Protocol):
    """Those who do the work: worker processes, or this process."""

    def ring(self, work_ids: list[int]) -> None:
        """Work was written."""


@dataclass
class Desk:
    """Stores the events of one run and has slates ranked for its requests."""

    engine: Engine
    run: Run
    workforce: Workforce
    k: int
    halt: threading.Event = field(default_factory=threading.Event)
    """When it is set, the run ends with KeyboardInterrupt at its next request."""
    seconds: dict[str, float] = field(
        default_factory=lambda: {"store": 0.0, "wait": 0.0, "fetch": 0.0}
    )
    events_stored: int = 0
    _unstored: list[tuple[Events, SlateOutcomes | None]] = field(default_factory=list)

    def note(self, events: Events, outcomes: SlateOutcomes | None = None) -> None:
        """Take events and slate outcomes; they are stored with the next request or the end of the
        day.
        """
        self._unstored.append((events, outcomes))

    def slates_for(
        self, sessions: Sessions, step: int, *, generation: int, ranker: Ranker | None = None
    ) -> NDArray[np.int32]:
        """The slates of these sessions (sorted) at this step, int32 [n, k] item numbers.

        Requests that have a stored slate are not asked again. `ranker` ranks here instead of in a
        worker.
        """
        self._go_on()
        first = int(sessions[0])
        last = int(sessions[-1])
        known, entries = self._fetch(step, first, last)
        asked = sessions[~np.isin(sessions, known)]
        mine = ranker(asked, step) if ranker is not None and len(asked) else None
        ids: list[int] = []
        with self._timed("store"), write_transaction(self.engine) as conn:
            self._store(conn)
            if mine is not None:
                slates.add(conn, self.run.number, asked, step, generation=generation, entries=mine)
            elif ranker is None:
                ids = work.add(conn, self.run.number, "rank", _batches(asked, step, generation))
        self._do(ids)
        if len(asked):
            known, entries = self._fetch(step, first, last)
        return self._items(sessions, known, entries)

    def end_day(self, sessions: Sessions, generation: int) -> None:
        """All sessions of a day have ended: they are folded, whole, once."""
        with self._timed("store"), write_transaction(self.engine) as conn:
            self._store(conn)
            cointeractions.end_sessions(conn, self.run.number, sessions, generation)
            folded = {fold.number for fold in cointeractions.generations(conn, self.run.number)}
            fold = {} if generation in folded else {f"{generation}": {"generation": generation}}
            ids = work.add(conn, self.run.number, "fold", fold)
        self._do(ids)

    def ask(
        self, kind: str, payloads: dict[str, dict[str, Any]], step: Callable[[int], None]
    ) -> None:
        """Have some other work done, and wait for it; `step` hears how many pieces are done."""
        with write_transaction(self.engine) as conn:
            ids = work.add(conn, self.run.number, kind, payloads)
        self._do(ids, step)

    def forget_time(self) -> None:
        """Start the clocks of all stages anew: what came before was preparation."""
        self.seconds.update(dict.fromkeys(self.seconds, 0.0))

    def _do(self, ids: list[int], step: Callable[[int], None] = lambda _done: None) -> None:
        """Ring, and wait until nothing of this run waits any more."""
        if not ids:
            return
        with self._timed("wait"):
            self.workforce.ring(ids)
            left = len(ids)
            since = time.monotonic()
            nap = SHORT_NAP
            while waits := self._waiting():
                self._go_on()
                if waits != left:
                    step(left - waits)
                    left = waits
                    since = time.monotonic()
                elif time.monotonic() - since > STALLED_SECONDS:
                    raise DependencyError(
                        f"no work was done for {STALLED_SECONDS:.0f} s; is a worker running? "
                        "see `windowshop doctor`"
                    )
                time.sleep(nap)
                nap = min(LONG_NAP, nap * 1.5)
            step(left)

    def _go_on(self) -> None:
        if self.halt.is_set():
            raise KeyboardInterrupt

    def _items(self, sessions: Sessions, known: Sessions, entries: Any) -> NDArray[np.int32]:
        """The items of the slates of these sessions, of those that are known."""
        missing = int((~np.isin(sessions, known)).sum())
        if missing:
            raise WorkError(
                f"{missing} requests of run {self.run.id} have no slate although no work waits; "
                "let only one command play a run, then call it again"
            )
        items: NDArray[np.int32] = entries["item"][np.searchsorted(known, sessions)]
        return items

    def _waiting(self) -> int:
        with read_transaction(self.engine) as conn:
            return work.waiting(conn, self.run.number)

    def _fetch(self, step: int, first: int, last: int) -> tuple[Sessions, Any]:
        with self._timed("fetch"), read_transaction(self.engine) as conn:
            return slates.at_step(
                conn, self.run.number, step, first=first, last=last, dtype=SLATE, k=self.k
            )

    def _store(self, conn: Connection) -> None:
        for events, outcomes in self._unstored:
            event_log.append(conn, self.run.number, events)
            self.events_stored += len(events)
            if outcomes is not None:
                slate_outcomes.add(
                    conn,
                    self.run.number,
                    outcomes.session,
                    outcomes.step,
                    outcomes.expected,
                    later=(outcomes.carts, outcomes.purchases),
                )
        self._unstored.clear()

    def _timed(self, stage: str) -> _Timed:
        return _Timed(self.seconds, stage)


@dataclass
class _Timed:
    """Adds the time spent inside to one stage."""

    seconds: dict[str, float]
    stage: str
    began: float = 0.0

    def __enter__(self) -> None:
        self.began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.stage] += time.perf_counter() - self.began


def _batches(sessions: Sessions, step: int, generation: int) -> dict[str, dict[str, Any]]:
    """Work of kind `rank` by key: fixed-size batches of requests."""
    pieces = [sessions[start : start + BATCH].tolist() for start in range(0, len(sessions), BATCH)]
    return {
        f"{piece[0]}.{step}": {"generation": generation, "step": step, "sessions": piece}
        for piece in pieces
    }
