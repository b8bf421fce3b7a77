"""What is known goes on over more items, and over another choice of them, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.config import RecommenderConfig
from recommender.growth import offering, with_queries
from recommender.knowledge import Knowledge
from recommender.search.similarity import round_embeddings
from recommender.taste.em import begin
from recommender.taste.item_features import ItemFeatures
from recommender.taste.model import Taste

CONFIG = RecommenderConfig(policy="blend")
N = 40


def unit_rows(seed: int, n: int) -> np.ndarray:
    """Rounded rows float32 [n, 8]."""
    rows = np.random.default_rng(seed).normal(size=(n, 8))
    return round_embeddings(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def known(seed: int) -> Knowledge:
    """Something is known of 30 items and of 10 to search with; a taste with odd numbers in it."""
    rng = np.random.default_rng(seed)
    found = Knowledge.start(CONFIG, unit_rows(seed, N), np.arange(N) < 30)
    taste = begin(CONFIG.taste, found.learned, found.item_features)
    metric = np.rint(rng.normal(size=taste.metric.shape) * 4096) / 4096
    taste = replace(taste, metric=metric)
    return replace(found, taste=Taste.unpack(taste.pack(), found.item_features, likeness=0.25))


@given(seed=st.integers(0, 50), pieces=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_piece_by_piece_is_as_all_at_once(seed: int, pieces: list[int]) -> None:
    """The slow way learns everything again from all rows; style stays that of the first items."""
    before = known(seed)
    more = unit_rows(seed + 100, sum(pieces))
    grown = before
    for piece in np.split(more, np.cumsum(pieces)[:-1]):
        grown = with_queries(CONFIG, grown, piece)
    rows = np.concatenate([before.embeddings, more])
    features = ItemFeatures.of(rows, np.arange(len(rows)) < 30)
    likeness = CONFIG.taste.likeness
    taste = Taste.unpack(before.taste.pack(), features, likeness=likeness)
    assert grown.embeddings.tobytes() == rows.tobytes()
    assert grown.item_features.features.tobytes() == features.features.tobytes()
    for name in ("style", "quality"):
        assert getattr(grown.taste, name).tobytes() == getattr(taste, name).tobytes()
    assert grown.taste.wants[N:].tobytes() == taste.wants[N:].tobytes()
    assert grown.taste.distance.half.tobytes() == taste.distance.half.tobytes()
    assert grown.is_new is None
    assert len(grown.popularity.shown) == len(rows)
    assert grown.counts.n == len(rows)
    assert not grown.is_candidate[30:].any()


def test_what_is_offered_is_near_and_what_is_not_is_not() -> None:
    """Neighbours follow the choice; only what came in later is new to everybody."""
    grown = with_queries(CONFIG, known(1), known(1).embeddings[[3]])
    choice = grown.is_candidate.copy()
    choice[[3, 5]] = False
    choice[N] = True
    found = offering(CONFIG, grown, choice, np.arange(N + 1) >= N)
    assert found.neighbours.of(np.array([3], np.int32))[0][0] == N
    assert 5 not in found.neighbours.of(np.arange(N, dtype=np.int32))
    assert np.flatnonzero(found.is_new).tolist() == [N]
    assert np.flatnonzero(found.welcomed(CONFIG.taste)).tolist() == [N]
    assert found.item_features is grown.item_features
    again = offering(CONFIG, grown, grown.is_candidate, np.arange(N + 1) >= N)
    assert again.is_new is None


def test_rows_that_are_not_rounded_are_refused() -> None:
    """Or products would not be exact."""
    with pytest.raises(ValueError, match="multiples"):
        with_queries(CONFIG, known(1), np.full((1, 8), 1 / np.sqrt(8), np.float32))
