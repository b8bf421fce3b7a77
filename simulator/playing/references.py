"""The references, which the simulator ranks itself: what they know, no recommender may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.config import RecommenderConfig
from recommender.policies import rank_scores
from recommender.profile import Profiles
from simulator.playing.desk import Ranker
from simulator.world.bayes import HistoryBayes, SessionBayes
from simulator.world.day import click_probability
from simulator.world.draws import Bools, Floats
from simulator.world.session import Sessions, World

PIECE = 512
"""Sessions whose whole-catalogue scores are held at once."""


class Reference(Protocol):
    """Scores the whole catalogue for sessions that ask, and may learn from what they did."""

    def open_day(self, sessions: Sessions) -> None:
        """The sessions of a new day have come."""

    def scores(self, some: Sessions) -> Floats:
        """float64 [n, n_items]; more is better."""

    def observe(self, some: Sessions, slates: NDArray[np.int64], clicked: Bools) -> None:
        """Sessions as they were when they asked, what they were shown [n, k], and what they
        clicked.
        """


class _Blind:
    """A reference that learns nothing from a session."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open_day(self, sessions: Sessions) -> None:
        del sessions

    def observe(self, some: Sessions, slates: NDArray[np.int64], clicked: Bools) -> None:
        del some, slates, clicked


class _Oracle(_Blind):
    """The judge's own probability of a click."""

    def scores(self, some: Sessions) -> Floats:
        return click_probability(self._world, some)


class _Category(_Blind):
    """Labels without error: 1 for the category that was searched in, else 0."""

    def scores(self, some: Sessions) -> Floats:
        c = self._world.catalogue
        same: Bools = c.category[: c.n_items] == c.category[some.query][:, None]
        return same.astype(np.float64)


class _Bayes:
    """The session-only ceiling."""

    belief: type[SessionBayes] = SessionBayes

    def __init__(self, world: World) -> None:
        self._belief = self.belief(world)

    def open_day(self, sessions: Sessions) -> None:
        self._belief.open_day(sessions)

    def scores(self, some: Sessions) -> Floats:
        return self._belief.probability(some)

    def observe(self, some: Sessions, slates: NDArray[np.int64], clicked: Bools) -> None:
        self._belief.observe(some, slates, clicked)


class _BayesHistory(_Bayes):
    """The ceiling with her earlier sessions."""

    belief = HistoryBayes


KINDS: Mapping[str, Callable[[World], Reference]] = MappingProxyType(
    {"oracle": _Oracle, "category": _Category, "bayes": _Bayes, "bayes-history": _BayesHistory}
)
"""What ranks for each of registry.REFERENCES."""


def reference(policy: str, world: World) -> Reference | None:
    """The reference of a policy's name; None where the recommender ranks."""
    return KINDS[policy](world) if policy in KINDS else None


def ranker(
    reference: Reference, here: Sessions, *, config: RecommenderConfig, offered: Bools, seed: int
) -> Ranker:
    """Slates of a reference, ranked by the one ranking that all policies share; offered: bool
    [n_items].
    """

    def slates_for(asked: NDArray[np.int64], step: int) -> Any:
        places = np.searchsorted(here.session, asked)
        pieces = [places[start : start + PIECE] for start in range(0, len(places), PIECE)]
        some = [replace(here.take(piece), step=step) for piece in pieces]
        return np.concatenate([_ranked(reference, one, config, offered, seed) for one in some])

    return slates_for


def _ranked(
    reference: Reference, some: Sessions, config: RecommenderConfig, offered: Bools, seed: int
) -> Any:
    profiles = Profiles(
        session=some.session,
        step=np.full(len(some.session), some.step, np.int16),
        query=some.query.astype(np.int32),
        items=some.query[:, None].astype(np.int32),
        weights=np.ones((len(some.session), 1)),
        shown=some.seen.astype(np.int32),
    )
    return rank_scores(config, profiles, reference.scores(some), offered, seed)
