"""Visits that fell silent are ended, and what ended is folded: every minute, or many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from sqlalchemy import Connection, Engine

from db import cointeractions, offers, visits, work
from db.engine import write_transaction
from db.errors import WindowshopError
from simulator.playing.desk import Workforce
from simulator.shop.live.acting import end_visit
from simulator.shop.live.live_run import LiveRun
from workers.log import logger

FOLD_SECONDS = 60.0
FOLD_SESSIONS = 500
LOOK_SECONDS = 2.0


class Closing:
    """A thread that looks every few seconds; ended by `stop`."""

    def __init__(
        self, engine: Engine, lives: Callable[[], list[LiveRun]], workforce: Workforce
    ) -> None:
        self._engine = engine
        self._lives = lives
        self._workforce = workforce
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="closing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            for live in self._lives():
                try:
                    close(self._engine, live, self._workforce)
                except WindowshopError as error:  # the next look tries again
                    logger().warning(str(error), action="closing_failed")


def close(
    engine: Engine, live: LiveRun, workforce: Workforce, *, after: float = FOLD_SECONDS
) -> list[int]:
    """End the idle, and have what ended folded if it is many or waits long; gives ids of work."""
    with write_transaction(engine) as conn:
        for visit in visits.idle(conn, live.run.number):
            visits.hold(conn, live.run.number, visit.session)
            end_visit(conn, live, visit)
        ids = _fold(conn, live, after)
    if ids:
        workforce.ring(ids)
    return ids


def _fold(conn: Connection, live: LiveRun, after: float) -> list[int]:
    sessions, oldest = visits.unfolded(conn, live.run.number)
    if not sessions or (len(sessions) < FOLD_SESSIONS and oldest < after):
        return []
    if work.is_any(conn, live.run.number, "fold"):  # one generation after the other
        return []
    number = visits.latest_generation(conn, live.run.number) + 1
    cointeractions.end_sessions(conn, live.run.number, np.array(sessions, np.int64), number)
    payload = {"generation": number, "offers": offers.seen_by(conn, live.run.number, number)}
    return work.add(conn, live.run.number, "fold", {f"{number}": payload})
