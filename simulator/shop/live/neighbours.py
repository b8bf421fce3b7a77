"""What stands beside an item: what looks like it, and what was clicked where it was the query, in
all and by generation.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray
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
class AddedByFold:
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
    learned: list[AddedByFold]


def of(engine: Engine, live: LiveRun, vectors: KnownVectors, number: int, k: int) -> Beside:
    """The k nearest items of either kind."""
    with read_transaction(engine) as conn:
        newest = visits.latest_generation(conn, live.run.number)
        packed = cointeractions.of_item(conn, live.run.number, number, up_to=newest)
    n = max(len(live.items), number + 1)
    added = [(one, Counts.unpack(n, [(number, increments)])) for one, increments in packed]
    return Beside(
        vectors.nearest(live, number, k),
        _behavioural(live, Counts.unpack(n, [(number, one) for _, one in packed]), k),
        [_learned(one, counts) for one, counts in reversed(added)],
    )


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


def _learned(generation: int, counts: Counts) -> AddedByFold:
    seen = round(float(counts.shown.sum()) / EXAMINATION)
    return AddedByFold(generation, len(counts.key), seen, int(counts.acted.sum()))


class KnownVectors:
    """The embeddings of a live run's items: what was read once is kept, and more is read when it is
    asked for.
    """

    def __init__(self, engine: Engine, live: LiveRun) -> None:
        self._engine = engine
        self._run = live.run.number
        config = live.run.config
        self._embedder = EmbedderKey(config["model"], config["runtime"])
        self._lock = Lock()
        self._unit = np.zeros((0, 0), np.float32)
        self._rounded = np.zeros((0, 0), np.float32)

    def cosine(self, one: int, other: int) -> float | None:
        """The cosine of two items by number; None while one has no embedding."""
        unit, _ = self._up_to(max(one, other))
        if max(one, other) >= len(unit):
            return None
        return round(float(unit[one] @ unit[other]), 4)

    def nearest(self, live: LiveRun, number: int, k: int) -> list[Alike]:
        """The k items on offer that look most like one; none while it has no embedding."""
        _, rounded = self._up_to(len(live.items) - 1)
        rounded = rounded[: len(live.items)]
        if number >= len(rounded):
            return []
        is_candidate = live.is_offered[: len(rounded)].copy()
        is_candidate[number] = False
        n = min(k, int(is_candidate.sum()))
        found, cosines = nearest(rounded, rounded[number][None], n, is_candidate)
        return [
            Alike(int(one), min(1.0, float(cosine)))
            for one, cosine in zip(found[0], cosines[0], strict=True)
        ]

    def _up_to(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with self._lock:
            known = len(self._unit)
            if number >= known:
                with read_transaction(self._engine) as conn:
                    more = embeddings.leading(conn, self._run, self._embedder, known)
                if len(more):
                    rounded = round_embeddings(more)
                    self._unit = np.concatenate([self._unit, more]) if known else more
                    self._rounded = np.concatenate([self._rounded, rounded]) if known else rounded
            return self._unit, self._rounded
