"""Whether the shop is so far behind that who asks is told to come back later."""

from __future__ import annotations

import threading
import time

from sqlalchemy import Engine

from db import backlog, work
from db.engine import read_transaction
from db.errors import DependencyError

MOST_WAITING = 500
"""Pieces of work for which somebody waits: more of them take longer than anybody does."""
LOOK_SECONDS = 0.5
AWAITED = ("answer", "offer")
"""Kinds of work for which somebody waits."""


class Pressure:
    """Of one web process; looks so often at most, however many ask."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting = 0
        self._looked = float("-inf")

    def refuse_when_behind(self) -> None:
        """DependencyError when too much waits already."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._waiting = self._look()
                self._looked = time.monotonic()
            waiting = self._waiting
        if waiting > MOST_WAITING:
            raise DependencyError(
                f"the shop is behind: {waiting:,} requests wait, and at most {MOST_WAITING:,} may;"
                " try again in a moment, or start another `windowshop worker`"
            )

    def _look(self) -> int:
        with read_transaction(self._engine) as conn:
            piles = backlog.piles(conn)
        return sum(one.number for one in piles if one.kind in AWAITED and one.state != work.PARKED)
