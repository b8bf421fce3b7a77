"""A small shop with addressed random pictures, profiles and slates, for the recommender's tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.policies import Knowledge, RecommenderConfig, fold
from recommender.profile import Profiles
from recommender.search.similarity import round_embeddings


def embeddings(n: int, *, seed: int = 0, dim: int = 16) -> NDArray[np.float32]:
    """Rounded unit rows [n, dim] in a few clusters."""
    draws = np.random.default_rng(seed)
    centre = draws.normal(size=(5, dim))
    rows = centre[draws.integers(0, 5, n)] + 0.8 * draws.normal(size=(n, dim))
    return round_embeddings(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def profiles(n: int, *, n_items: int, n_all: int, seed: int = 0) -> Profiles:
    """Profiles of one query and up to three catalogue items; half have been shown ten items
    already.
    """
    draws = np.random.default_rng(seed)
    items = np.full((n, 8), -1, dtype=np.int32)
    for row in range(n):
        length = draws.integers(1, 5)
        items[row, 0] = draws.integers(0, n_all)
        rest = [item for item in draws.permutation(n_items) if item != items[row, 0]]
        items[row, 1:length] = rest[: length - 1]
    weights = np.where(items >= 0, 0.7 ** np.arange(8), 0.0)
    shown = np.array([draws.permutation(n_items)[:10] for _ in range(n)], dtype=np.int32)
    shown[::2] = -1
    return Profiles(
        session=draws.permutation(10 * n)[:n].astype(np.int64),
        step=draws.integers(0, 3, n).astype(np.int16),
        query=items[:, 0].copy(),
        items=items,
        weights=weights / weights.sum(axis=1, keepdims=True),
        shown=shown,
    )


def knowledge(
    config: RecommenderConfig, *, n_items: int = 60, n_queries: int = 20, days: int = 2
) -> Knowledge:
    """A shop after some days of random slates, on which shoppers clicked now and then."""
    n_all = n_items + n_queries
    known = Knowledge.start(config, embeddings(n_all), np.arange(n_all) < n_items)
    for day in range(days):
        draws = np.random.default_rng(100 + day)
        asked = profiles(300, n_items=n_items, n_all=n_all, seed=100 + day)
        shown = np.array(
            [draws.permutation(n_items)[: config.slate_size] for _ in range(300)], dtype=np.int32
        )
        counts, popularity, learned = fold(
            config, known, asked, shown, draws.random(shown.shape) < 0.2
        )
        known = known.at(
            counts=known.counts.plus(counts),
            popularity=known.popularity.plus(popularity),
            learned=learned,
        )
    return known


def joined(parts: list[Any]) -> Any:
    """Slates of several calls as one array."""
    return np.concatenate(parts)
