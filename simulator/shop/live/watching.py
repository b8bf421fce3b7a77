"""Waits for slates on behalf of all who wait: workers say what they have answered, and one question
every so often, however many wait, finds what was not heard.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Protocol

from sqlalchemy import Engine

from db import slates
from db.engine import read_transaction
from db.errors import WindowshopError

NAP = 0.004
"""Between two questions where nobody says anything."""

LONG_NAP = 0.1
"""And where what is said is heard."""

REMEMBERED = 512
"""Answers that were heard of before somebody waited for them."""

Wanted = tuple[int, int, int]
"""Run, session and step of a slate."""


class NewsSource(Protocol):
    """Where answers are heard of."""

    @property
    def is_heard(self) -> bool:
        """Whether what is said now is heard."""


class SlateWatch:
    """The waiting of one process; its thread lives as long as somebody waits."""

    def __init__(self, engine: Engine) -> None:
        self.news: NewsSource | None = None
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting: dict[threading.Event, Wanted] = {}
        self._heard: OrderedDict[Wanted, None] = OrderedDict()
        self._is_watching = False

    def wait(self, wanted: Wanted, seconds: float) -> bool:
        """Return when the slate is there, or after so many seconds; also when nobody can tell: who
        waited looks herself then, and finds out why. True when it was told to be there.
        """
        come = threading.Event()
        with self._lock:
            if self._heard.pop(wanted, False) is None:
                return True
            self._waiting[come] = wanted
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._watch, name="slate-watch", daemon=True).start()
        is_told = come.wait(seconds)
        with self._lock:
            self._waiting.pop(come, None)
            self._heard.pop(wanted, None)
        return is_told

    def hear(self, answered: list[tuple[int, str]]) -> None:
        """Workers say that these requests, run and key, have their slates."""
        told = {one for one in map(_wanted, answered) if one is not None}
        with self._lock:
            self._heard.update(dict.fromkeys(told))
            while len(self._heard) > REMEMBERED:
                self._heard.popitem(last=False)
            self._tell(told)

    def _tell(self, there: set[Wanted]) -> None:
        for come, wanted in list(self._waiting.items()):
            if wanted in there:
                self._waiting.pop(come, None)
                come.set()

    def _watch(self) -> None:
        """Ask for all who wait; where they may hear of it, only now and then."""
        while True:
            is_heard = self.news is not None and self.news.is_heard
            if is_heard:
                time.sleep(LONG_NAP)
            with self._lock:
                wanted = set(self._waiting.values())
                if not wanted:
                    self._is_watching = False
                    return
            there = self._there(wanted)
            with self._lock:
                self._tell(there)
            if not is_heard:
                time.sleep(NAP)

    def _there(self, wanted: set[Wanted]) -> set[Wanted]:
        try:
            with read_transaction(self._engine) as conn:
                return slates.stored(conn, wanted)
        except WindowshopError:
            return wanted


def _wanted(answered: tuple[int, str]) -> Wanted | None:
    run, key = answered
    session, _, step = key.partition(".")
    return (run, int(session), int(step)) if session.isdecimal() and step.isdecimal() else None
