"""The road of an event: plays the days of one run against the recommender, or a reference of the
judge's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from db.events import Events
from recommender.arrivals import Arrivals
from recommender.config import RecommenderConfig
from simulator.playing.desk import NOTHING_KNOWN, Ranker
from simulator.playing.references import ranker, reference
from simulator.world.day import SlateOutcomes, ask, begin, close_day, open_day, read
from simulator.world.session import Sessions, World


class Counter(Protocol):
    """Where shoppers ask and tell: the desk, which stores, or a run in memory, which only
    remembers.
    """

    def note(self, events: Events, outcomes: SlateOutcomes | None = None) -> None:
        """Take events and slate outcomes."""

    def slates_for(
        self,
        sessions: NDArray[np.int64],
        step: int,
        *,
        generation: int,
        ranker: Ranker | None = None,
    ) -> NDArray[np.int32]:
        """The slates of these sessions at this step."""

    def end_day(self, sessions: NDArray[np.int64], generation: int) -> None:
        """All sessions of a day have ended."""


Witness = Callable[[Sessions, NDArray[np.int32], NDArray[np.bool_]], None]
"""(sessions that asked, their slates [n, k], what they clicked [n, k]): sees each slate that was
read.
"""


def play(
    world: World,
    desk: Counter,
    *,
    days: int,
    policy: str,
    seed: int,
    after_day: Callable[[int], None],
    arrivals: Arrivals | None = None,
    witness: Witness | None = None,
) -> None:
    """Play a run from its first morning to the fold of its last day.

    What is stored already is not asked for or stored again, so an unfinished run is resumed by
    playing it. arrivals: items that a reference may not show before their day; the recommender
    knows of them itself.
    """
    memory = begin(world)
    judge = reference(policy, world)
    config = RecommenderConfig(policy=policy if judge else "random", slate_size=world.slate_size)
    everything = np.ones(world.catalogue.n_items, np.bool_)
    for day in range(days):
        # 1. Some shoppers come, each with something in mind.
        sessions = open_day(world, memory, day)
        everybody = sessions.session
        generation = day - 1 if day else NOTHING_KNOWN
        offered = arrivals.offered(everything, day) if arrivals else everything
        if judge:
            judge.open_day(sessions)
        while sessions.alive.any():
            # 2. Those who are still here ask for a slate.
            sessions, requests = ask(world, sessions)
            desk.note(requests)
            here = sessions.take(sessions.alive)
            slates = desk.slates_for(
                here.session,
                here.step,
                generation=generation,
                ranker=ranker(judge, here, config=config, offered=offered, seed=seed)
                if judge
                else None,
            )
            # 3. They read it, click or do not, and go on or leave.
            was_alive = sessions.alive
            sessions, events, outcomes = read(world, sessions, slates)
            desk.note(events, outcomes)
            clicked = _clicked(world, sessions.take(was_alive), here.step)
            if judge:
                judge.observe(here, slates.astype(np.int64), clicked)
            if witness:
                witness(here, slates, clicked)
        # 4. The day's sessions are folded; the night passes.
        desk.end_day(everybody, generation=day)
        memory = close_day(world, memory, sessions)
        after_day(day)


def _clicked(world: World, after: Sessions, step: int) -> NDArray[np.bool_]:
    """What was clicked of the slate of one step, bool [n, k]."""
    return after.clicked[:, step * world.slate_size : (step + 1) * world.slate_size]
