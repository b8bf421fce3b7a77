"""One run's recommender, and what shoppers ask of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from db.events import Events, Kind
from recommender.arrivals import Arrivals
from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from recommender.profile import REQUEST, Profiles, build_profiles


def is_of_request(
    rows: NDArray[np.void], sessions: NDArray[np.int64], step: int | NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether each event belongs to one of these sessions, at the step of its request."""
    if not isinstance(step, np.ndarray):
        return np.asarray((rows["step"] == step) & np.isin(rows["session"], sessions))
    order = np.argsort(sessions)
    place = order[np.searchsorted(sessions, rows["session"], sorter=order) % len(sessions)]
    return np.asarray((sessions[place] == rows["session"]) & (step[place] == rows["step"]))


CODES = {kind.name.lower(): int(kind) for kind in Kind}


@dataclass(frozen=True)
class RunRecommender:
    """One run's recommender in one generation: a function waiting for its requests."""

    run: int
    seed: int
    config: RecommenderConfig
    generation: int
    knowledge: Knowledge
    arrivals: Arrivals | None = None

    def after(self, generation: int, knowledge: Knowledge) -> RunRecommender:
        """The same recommender at a later generation; what arrives by the next morning is
        offered.
        """
        if self.arrivals and self.generation + 1 < self.arrivals.day <= generation + 1:
            whole = knowledge.is_candidate.copy()
            whole[list(self.arrivals.items)] = True
            knowledge = knowledge.offering(self.config, whole)
        return replace(self, generation=generation, knowledge=knowledge)

    def profiles(self, requests: NDArray[np.void], events: Events) -> Profiles:
        """The profiles of requests, from the events of their sessions."""
        return build_profiles(
            requests, events.rows, events.shown, codes=CODES, config=self.config.profile
        )


def requests_of(
    events: Events, sessions: NDArray[np.int64], step: int | NDArray[np.int64]
) -> NDArray[np.void]:
    """The slate requests of sessions at a step, or each at its own, int64 [n]: their
    searches and views, REQUEST [n], by session.
    """
    asked = events.of(Kind.SEARCH, Kind.VIEW)
    asked = asked[is_of_request(asked, sessions, step)]
    requests = np.zeros(len(asked), REQUEST)
    for name in ("session", "step", "query"):
        requests[name] = asked[name]
    return requests
