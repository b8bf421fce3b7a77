"""What stands beside an item: what looks like it, and what was clicked where it was the query, in
all and by generation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine

from db import cointeractions, embeddings, visits
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from recommender.scoring.cointeraction import EXAMINATION, Counts
from recommender.search.similarity import nearest, round_embeddings
from simulator.shop.live.live_run import LiveRun


@dataclass(frozen=True)
class Alike:
    """An item that looks alike."""

    number: int
    cosine: float


@dataclass(frozen=True)
class Together:
    """An item that was seen so often beside the other, and clicked so often then."""

    number: int
    clicked: int
    seen: int


@dataclass(frozen=True)
class Learned:
    """What one generation of visits added to what was clicked beside an item."""

    generation: int
    others: int
    """Items that were looked at beside it."""
    seen: int
    clicked: int


@dataclass(frozen=True)
class Beside:
    """Both kinds, nearest first, and what each generation added, newest first."""

    visual: list[Alike]
    behavioural: list[Together]
    learned: list[Learned]


def of(engine: Engine, live: LiveRun, number: int, k: int) -> Beside:
    """The k nearest items of either kind."""
    config = live.run.config
    with read_transaction(engine) as conn:
        vectors = embeddings.leading(
            conn, live.run.number, EmbedderKey(config["model"], config["runtime"])
        )
        newest = visits.latest_generation(conn, live.run.number)
        packed = cointeractions.of_item(conn, live.run.number, number, up_to=newest)
    n = max(len(live.items), number + 1)
    added = [(one, Counts.unpack(n, [(number, increments)])) for one, increments in packed]
    return Beside(
        _visual(live, vectors, number, k),
        _behavioural(live, Counts.unpack(n, [(number, one) for _, one in packed]), k),
        [_learned(one, counts) for one, counts in reversed(added)],
    )


def _visual(live: LiveRun, vectors: np.ndarray, number: int, k: int) -> list[Alike]:
    rounded = round_embeddings(vectors[: len(live.items)])
    is_candidate = live.is_offered[: len(rounded)].copy()
    is_candidate[number] = False
    n = min(k, int(is_candidate.sum()))
    found, cosines = nearest(rounded, rounded[number][None], n, is_candidate)
    return [
        Alike(int(one), min(1.0, float(cosine)))
        for one, cosine in zip(found[0], cosines[0], strict=True)
    ]


def _behavioural(live: LiveRun, counts: Counts, k: int) -> list[Together]:
    beside = counts.key % counts.n
    seen = counts.shown / EXAMINATION
    order = np.lexsort((beside, -counts.acted / np.maximum(seen + 5.0, 1.0)))
    found = [
        Together(int(beside[one]), int(counts.acted[one]), max(1, round(float(seen[one]))))
        for one in order
        if counts.acted[one] > 0 and live.is_offered[beside[one]]
    ]
    return found[:k]


def _learned(generation: int, counts: Counts) -> Learned:
    seen = round(float(counts.shown.sum()) / EXAMINATION)
    return Learned(generation, len(counts.key), seen, int(counts.acted.sum()))


class Cosines:
    """How much alike two items of a live run look; what was read once is kept."""

    def __init__(self, engine: Engine, live: LiveRun) -> None:
        self._engine = engine
        self._live = live
        self._vectors = np.zeros((0, 0), np.float32)

    def __call__(self, one: int, other: int) -> float | None:
        """The cosine of two items by number; None while one has no embedding."""
        if max(one, other) >= len(self._vectors):
            config = self._live.run.config
            key = EmbedderKey(config["model"], config["runtime"])
            with read_transaction(self._engine) as conn:
                known = len(self._vectors)
                more = embeddings.leading(conn, self._live.run.number, key, known)
            if len(more):
                self._vectors = np.concatenate([self._vectors, more]) if known else more
        if max(one, other) >= len(self._vectors):
            return None
        return round(float(self._vectors[one] @ self._vectors[other]), 4)
