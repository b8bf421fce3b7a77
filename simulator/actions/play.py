"""The road of an event: plays the days of one run against the recommender, or the judge's own oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from recommender.config import RecommenderConfig
from recommender.policies import rank_scores
from recommender.profile import Profiles
from simulator.actions.desk import NOTHING_KNOWN, Answer, Desk
from simulator.world import day as shopping
from simulator.world.session import Sessions, World

ORACLE = "oracle"
ORACLE_PIECE = 512
"""Sessions whose whole-catalogue probabilities are held at once."""


def play(
    world: World, desk: Desk, *, days: int, policy: str, seed: int, after_day: Callable[[int], None]
) -> None:
    """Play a run from its first morning to the fold of its last day.

    What is stored already is not asked or stored again, so an unfinished run is resumed by playing it.
    """
    memory = shopping.begin(world)
    for day in range(days):
        # 1. Some shoppers come, each with something in mind.
        sessions = shopping.open_day(world, memory, day)
        everybody = sessions.session
        knowledge = day - 1 if day else NOTHING_KNOWN
        while sessions.alive.any():
            # 2. Those who are still here ask for a slate.
            sessions, asked = shopping.ask(world, sessions)
            desk.note(asked)
            here = sessions.take(sessions.alive)
            slates = desk.answer(
                here.session,
                here.step,
                generation=knowledge,
                by_hand=oracle(world, here, seed) if policy == ORACLE else None,
            )
            # 3. They read it, click or do not, and go on or leave.
            sessions, told, judged = shopping.read(world, sessions, slates)
            desk.note(told, judged)
        # 4. The day's sessions are folded; the night passes.
        if len(everybody):
            desk.end_day(everybody, generation=day)
        memory = shopping.close_day(world, memory, sessions)
        after_day(day)


def oracle(world: World, here: Sessions, seed: int) -> Answer:
    """Ranks by the judge's own probability of a click: a reference that no recommender can know."""

    def answer(asked: np.ndarray[Any, np.dtype[np.int64]], step: int) -> Any:
        places = np.searchsorted(here.session, asked)
        pieces = [places[start : start + ORACLE_PIECE] for start in range(0, len(places), ORACLE_PIECE)]
        return np.concatenate(
            [_ranked(world, replace(here.take(piece), step=step), seed) for piece in pieces]
        )

    return answer


def _ranked(world: World, some: Sessions, seed: int) -> Any:
    profiles = Profiles(
        session=some.session,
        step=np.full(len(some.session), some.step, np.int16),
        query=some.query.astype(np.int32),
        items=some.query[:, None].astype(np.int32),
        weights=np.ones((len(some.session), 1)),
        shown=some.seen.astype(np.int32),
    )
    scores = shopping.click_probability(world, some)
    config = RecommenderConfig(policy=ORACLE, slate_size=world.slate_size)
    return rank_scores(config, profiles, scores, np.ones(scores.shape[1], np.bool_), seed)
