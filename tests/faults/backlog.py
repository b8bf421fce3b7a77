"""A client that tells a finished run again: in pieces, repeated, out of order, until it is
acknowledged.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, Engine, update

from db import cointeractions, event_log, items, runs, slate_outcomes, work
from db.engine import read_transaction, write_transaction
from db.errors import DependencyError, WorkError
from db.events import Events, Kind
from db.tables import work as work_table
from simulator.playing.desk import Workforce
from tests import factories
from tests.faults.account import Places, Tale, places
from tests.faults.harness import AWAY_SECONDS, BATCH
from tests.faults.lane import PATIENCE, wait_until
from tests.faults.pieces import some_of

T = TypeVar("T")


@dataclass
class Backlog:
    """Offers events and asks for work as an intake would; copies: each call is made 1 to that many
    times.
    """

    engine: Engine
    tale: Tale
    workforce: Workforce
    rng: random.Random
    copies: int = 1
    threads: int = 1
    piece: int = 200
    offered: int = 0
    acknowledged: set[tuple[int, int]] = field(default_factory=set)
    unanswered: int = 0
    pardoned: int = 0
    reasons: list[str] = field(default_factory=list)
    longest_drain: float = 0.0
    last_id: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self) -> None:
        """Everything, day by day; the events of the next morning come while the night's work is
        done.
        """
        self.persist(self._open)
        days = self.tale.run.config["days"]
        self._offer(0)
        for day in range(days):
            ids = self.persist(lambda day=day: self._ask(day))  # type: ignore[misc]
            self._ring(ids)
            if day + 1 < days:
                self._offer(day + 1)
            self._drain()
        self.persist(self._close)

    def forget(self) -> None:
        """Empty the shop of the run."""
        with write_transaction(self.engine) as conn:
            runs.forget(conn, self.tale.run.number)

    @property
    def places(self) -> Places:
        """The events that were acknowledged."""
        return frozenset(self.acknowledged)

    def persist(self, call: Callable[[], T]) -> T:
        """Call again until there is an answer: whether an unanswered call was heard, nobody
        knows.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return call()
            except DependencyError:
                assert time.monotonic() < deadline
                self.unanswered += 1
                time.sleep(AWAY_SECONDS)

    def _open(self) -> None:
        run = self.tale.run
        with write_transaction(self.engine) as conn:
            runs.open_run(conn, run.config)
            chosen = factories.resolved(self.engine, **_plan(run.config)).items
            items.assign(conn, run.number, run.config["catalogue"], chosen)

    def _close(self) -> None:
        with write_transaction(self.engine) as conn:
            runs.finish(conn, self.tale.run.number)

    def _offer(self, day: int) -> None:
        calls = [
            piece for piece in self._pieces(day) for _ in range(self.rng.randint(1, self.copies))
        ]
        self.rng.shuffle(calls)
        with ThreadPoolExecutor(self.threads) as at_once:
            list(at_once.map(self._intake, calls))

    def _pieces(self, day: int) -> Iterator[Events]:
        """The events of a day, cut anywhere: a session may begin in one piece and end in
        another.
        """
        rows = self._sessions(day, self.tale.events.rows["session"])
        order = np.flatnonzero(rows)
        self.rng.shuffle(chance := order.tolist())
        for start in range(0, len(chance), self.piece):
            yield some_of(self.tale.events, np.sort(np.array(chance[start : start + self.piece])))

    def _intake(self, events: Events) -> None:
        def call() -> None:
            with self._lock:
                self.offered += len(events)
            with write_transaction(self.engine) as conn:
                event_log.append(conn, self.tale.run.number, events)

        self.persist(call)
        with self._lock:
            self.acknowledged |= places(events)

    def _ask(self, day: int) -> list[int]:
        """The day's work, beside its cause, in one transaction: all slates and the fold."""
        with write_transaction(self.engine) as conn:
            sessions = np.unique(
                self.tale.events.rows["session"][
                    self._sessions(day, self.tale.events.rows["session"])
                ]
            )
            self._judge(conn, day)
            cointeractions.end_sessions(conn, self.tale.run.number, sessions, day)
            ids = work.add(conn, self.tale.run.number, "rank", self._requests(day))
            return ids + work.add(
                conn, self.tale.run.number, "fold", {f"{day}": {"generation": day}}
            )

    def _judge(self, conn: Connection, day: int) -> None:
        session, step, expected = self.tale.judged
        of_day = self._sessions(day, session)
        for number in np.unique(step[of_day]).tolist():
            rows = of_day & (step == number)
            slate_outcomes.add(conn, self.tale.run.number, session[rows], number, expected[rows])

    def _requests(self, day: int) -> dict[str, dict[str, Any]]:
        asked = self.tale.events.of(Kind.SEARCH, Kind.VIEW)
        asked = asked[self._sessions(day, asked["session"])]
        payloads = {}
        for step in np.unique(asked["step"]).tolist():
            sessions = asked["session"][asked["step"] == step].tolist()
            for start in range(0, len(sessions), BATCH):
                some = sessions[start : start + BATCH]
                payloads[f"{some[0]}.{step}"] = {
                    "generation": day - 1,
                    "step": step,
                    "sessions": some,
                }
        return payloads

    def _sessions(self, day: int, session: Any) -> Any:
        return session // self.tale.run.config["shoppers"] == day

    def _ring(self, ids: list[int]) -> None:
        for _ in range(self.rng.randint(1, self.copies)):
            self.rng.shuffle(ids)
            self.workforce.ring(ids)

    def _drain(self) -> None:
        self.longest_drain = max(
            self.longest_drain, wait_until(self._is_done, "the end of the day's work")
        )

    def _is_done(self) -> bool:
        try:
            with read_transaction(self.engine) as conn:
                return work.waiting(conn, self.tale.run.number) == 0
        except DependencyError:
            time.sleep(AWAY_SECONDS)
            return False
        except WorkError:  # an operator looks at it, and has it tried again
            with write_transaction(self.engine) as conn:
                self.reasons += [one.reason for one in work.parked(conn)]
                parked = update(work_table).where(work_table.c.state == work.PARKED)
                self.pardoned += conn.execute(
                    parked.values(state=work.READY, tries=0, rung=0.0)
                ).rowcount
            return False


def _plan(config: dict[str, Any]) -> dict[str, Any]:
    return {name: config[name] for name in ("days", "shoppers", "seed")}
