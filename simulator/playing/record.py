"""What a run in memory keeps: the events, slates and expectations that others have in tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.events import Events
from recommender.ranking import SLATE
from simulator.report.numbers.panel import Expectations, ShownSlates
from simulator.world.day import SlateOutcomes

Ints = NDArray[np.int64]


@dataclass
class Record:
    """Grows while a run is played."""

    k: int
    """Items on a slate."""
    _events: list[Events] = field(default_factory=list)
    _outcomes: list[SlateOutcomes] = field(default_factory=list)
    _slates: list[tuple[Ints, int, NDArray[Any]]] = field(default_factory=list)

    def note(self, events: Events, outcomes: SlateOutcomes | None) -> None:
        """Keep some events, and what the judge expected of slates that were read."""
        self._events.append(events)
        if outcomes is not None:
            self._outcomes.append(outcomes)

    def show(self, sessions: Ints, step: int, entries: NDArray[Any]) -> None:
        """Keep the slates SLATE [n, k] of these sessions [n] at this step."""
        self._slates.append((sessions, step, entries))

    @property
    def events(self) -> Events:
        """All events, by session, then ordinal."""
        return Events.concat([Events.empty(self.k), *self._events])

    @property
    def slates(self) -> ShownSlates:
        """All slates, by session, then step."""
        session, step, order = _sorted([(sessions, step) for sessions, step, _ in self._slates])
        entries = [np.zeros((0, self.k), SLATE), *(entries for _, _, entries in self._slates)]
        return ShownSlates(session, step, np.concatenate(entries)[order])

    @property
    def expectations(self) -> Expectations:
        """What was expected of all slates, by session, then step."""
        session, step, order = _sorted([(one.session, one.step) for one in self._outcomes])
        nothing = np.zeros((0, self.k))
        expected = [nothing, *(one.expected for one in self._outcomes)]
        carts = [nothing, *(one.carts for one in self._outcomes)]
        purchases = [nothing, *(one.purchases for one in self._outcomes)]
        return Expectations(
            session,
            step,
            np.concatenate(expected)[order],
            np.concatenate(carts)[order],
            np.concatenate(purchases)[order],
        )


def _sorted(parts: Sequence[tuple[Ints, int]]) -> tuple[Ints, Ints, Ints]:
    """Sessions [n] and steps [n] of all parts in their order, and that order [n]."""
    session = np.concatenate([np.zeros(0, np.int64), *(sessions for sessions, _ in parts)])
    lengths = [len(sessions) for sessions, _ in parts]
    step = np.repeat(np.array([step for _, step in parts], np.int64), lengths)
    order = np.lexsort((step, session))
    return session[order], step[order], order
