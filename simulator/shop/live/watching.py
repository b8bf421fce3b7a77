"""Waits for slates on behalf of all who wait: one question a few milliseconds, however many they
are.
"""

from __future__ import annotations

import threading
import time

from sqlalchemy import Engine

from db import slates
from db.engine import read_transaction
from db.errors import WindowshopError

NAP = 0.004
Wanted = tuple[int, int, int]
"""Run, session and step of a slate."""


class SlateWatch:
    """The waiting of one process; its thread lives as long as somebody waits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting: dict[threading.Event, Wanted] = {}
        self._is_watching = False

    def wait(self, wanted: Wanted, seconds: float) -> None:
        """Return when the slate is there, or after so many seconds; also when nobody can tell: who
        waited looks herself then, and finds out why.
        """
        come = threading.Event()
        with self._lock:
            self._waiting[come] = wanted
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._watch, name="slate-watch", daemon=True).start()
        come.wait(seconds)
        with self._lock:
            self._waiting.pop(come, None)

    def _watch(self) -> None:
        while True:
            with self._lock:
                waiting = dict(self._waiting)
                if not waiting:
                    self._is_watching = False
                    return
            there = self._there(set(waiting.values()))
            with self._lock:
                for come, wanted in waiting.items():
                    if wanted in there:
                        self._waiting.pop(come, None)
                        come.set()
            time.sleep(NAP)

    def _there(self, wanted: set[Wanted]) -> set[Wanted]:
        try:
            with read_transaction(self._engine) as conn:
                return slates.stored(conn, wanted)
        except WindowshopError:
            return wanted
