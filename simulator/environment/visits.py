"""Visits one after the other, without an end: whoever has time is sent the next shopper.

Each shopper lives the days of a run: her memory of one day decides whether she comes on the next.
Shoppers know nothing of each other, so it does not matter that some are a day ahead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from simulator.world.day import begin, close_day, open_day
from simulator.world.draws import Bools, Ints
from simulator.world.session import Sessions, World, arrive, search
from simulator.world.shopper import Memory, visitors

AWAY = -1
"""The day of a shopper who neither waits nor shops."""


class VisitStream:
    """The shoppers who wait to be served, in the order of their days, then of their numbers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._day = 0
        self._mornings = {0: begin(world)}
        self._day_of = np.full(world.n_shoppers, AWAY)
        self._waiting: deque[Sessions] = deque()
        self._over: list[Sessions] = []
        self._late: dict[int, list[Sessions]] = {}
        self._nobody = arrive(world, self._mornings[0], np.zeros(0, np.int64), 0)
        self._let_in(open_day(world, self._mornings[0], 0))

    def next(self, n: int) -> list[Sessions]:
        """The next n visits, n at most as many as there are shoppers; one day to a piece.

        Nobody has asked for a slate yet.
        """
        pieces = []
        while n:
            while not self._waiting:
                self._more()
            first = self._waiting.popleft()
            if len(first.shopper) > n:
                self._waiting.appendleft(first.take(slice(n, None)))
                first = first.take(slice(n))
            pieces.append(first)
            n -= len(first.shopper)
        return pieces

    def over(self, sessions: Sessions) -> None:
        """Visits of one day that have ended."""
        if not len(sessions.shopper):
            return
        if sessions.day == self._day:
            self._over.append(sessions)
        else:
            self._late.setdefault(sessions.day, []).append(sessions)

    def _more(self) -> None:
        """Those whom a dawn missed are served next; then a new day begins."""
        if self._late:
            for day in sorted(self._late):
                self._catch_up(joined(self._late.pop(day)))
        else:
            self._dawn()

    def _dawn(self) -> None:
        """The next day begins for all who are not in the shop."""
        nobody = replace(self._nobody, day=self._day)
        yesterday = joined([nobody, *self._over])
        self._day_of[yesterday.shopper] = AWAY
        morning = close_day(self._world, self._mornings[self._day], yesterday)
        self._over.clear()
        self._day += 1
        self._mornings[self._day] = morning
        comes = self._comes(morning, self._day) & (self._day_of == AWAY)
        self._let_in(arrive(self._world, morning, np.flatnonzero(comes), self._day), is_new=True)
        inside = self._day_of[self._day_of != AWAY]
        oldest = int(inside.min(initial=self._day))
        self._mornings = {day: one for day, one in self._mornings.items() if day >= oldest}

    def _catch_up(self, sessions: Sessions) -> None:
        """Her visit lasted while a later day began for the others: she lives it now."""
        who = sessions.shopper
        self._day_of[who] = AWAY
        for day in range(sessions.day, self._day):
            tomorrow = close_day(self._world, self._mornings[day], sessions)
            self._mornings[day + 1] = _with(self._mornings[day + 1], tomorrow, who)
            comes = self._comes(tomorrow, day + 1)[who]
            morning = self._mornings[day + 1]
            self._let_in(arrive(self._world, morning, who[comes], day + 1), is_new=True)
            who = who[~comes]
            sessions = replace(self._nobody, day=day + 1)

    def _comes(self, morning: Memory, day: int) -> Bools:
        world = self._world
        return visitors(world.config, world.seed, world.population, morning, day)

    def _let_in(self, sessions: Sessions, *, is_new: bool = False) -> None:
        if len(sessions.shopper):
            self._day_of[sessions.shopper] = sessions.day
            self._waiting.append(search(self._world, sessions) if is_new else sessions)


def joined(pieces: Sequence[Sessions]) -> Sessions:
    """Sessions of one day and step, at least one piece, in one."""
    names = [one.name for one in fields(Sessions) if one.name not in {"day", "step"}]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names
    }
    return replace(pieces[0], **columns)


def _with(morning: Memory, tomorrow: Memory, who: Ints) -> Memory:
    """A morning in which some shoppers remember what another says."""
    changed = {}
    for one in fields(Memory):
        changed[one.name] = getattr(morning, one.name).copy()
        changed[one.name][who] = getattr(tomorrow, one.name)[who]
    return replace(morning, **changed)
