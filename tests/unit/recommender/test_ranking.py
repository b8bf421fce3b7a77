"""The k best, ties by an addressed draw, the same bytes in any batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.ranking import addressed, mixed, top_k
from tests import twins


def ranked(
    candidates: np.ndarray,
    scores: np.ndarray,
    *,
    k: int,
    session: np.ndarray,
    step: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Item numbers of the best."""
    best = top_k(candidates, scores, k=k, session=session, step=step, seed=seed)
    return np.where(best >= 0, np.take_along_axis(candidates, np.maximum(best, 0), axis=1), -1)


@settings(max_examples=80, deadline=None)
@given(
    n_rows=st.integers(1, 6), n=st.integers(1, 60), k=st.integers(1, 7), levels=st.integers(1, 40),
    seed=st.integers(-(2**40), 2**40),
)  # fmt: skip
def test_ranking_equals_its_twin(n_rows: int, n: int, k: int, levels: int, seed: int) -> None:
    """Few or many ties, with padding: sorting by (rounded score, draw, item) gives the same
    lists.
    """
    draws = np.random.default_rng(abs(seed))
    candidates = np.array([draws.permutation(99)[:n] for _ in range(n_rows)], np.int32)
    candidates[draws.random(candidates.shape) < 0.2] = -1
    scores = draws.integers(0, levels, candidates.shape) / levels + 1e-9 * draws.random(
        candidates.shape
    )
    session = draws.integers(0, 2**50, n_rows)
    step = draws.integers(0, 3, n_rows).astype(np.int16)
    items = ranked(candidates, scores, k=k, session=session, step=step, seed=seed)
    for row in range(n_rows):
        assert items[row].tolist() == twins.ranked(
            candidates[row].tolist(), scores[row].tolist(),
            k=k, session=int(session[row]), step=int(step[row]), seed=seed,
        )  # fmt: skip


def test_a_difference_below_the_sixth_decimal_is_a_tie() -> None:
    """2e-7 does not decide, 2e-6 does."""
    candidates = np.tile(np.arange(2, dtype=np.int32), (200, 1))
    session = np.arange(200)
    step = np.zeros(200, np.int16)
    near = ranked(
        candidates, np.tile([0.1, 0.1 + 2e-7], (200, 1)), k=1, session=session, step=step, seed=1
    )
    far = ranked(
        candidates, np.tile([0.1, 0.1 + 2e-6], (200, 1)), k=1, session=session, step=step, seed=1
    )
    assert 60 < near.sum() < 140
    assert far.sum() == 200


def test_draws_are_even_over_items_and_differ_by_address() -> None:
    """Each part of the address changes the draw, and 64,000 draws fill 16 bins alike."""
    item = np.arange(64, dtype=np.int32)
    draws = addressed(mixed(3, np.arange(1000), np.zeros(1000, np.int16))[:, None], item[None, :])
    bins = np.bincount((draws >> np.uint64(60)).astype(np.int64).ravel(), minlength=16)
    assert len(np.unique(draws)) == draws.size
    assert abs(bins - 4000).max() < 300
    one = (np.array([7]), np.array([1], np.int16))
    address = {
        int(mixed(seed, s, t)[0])
        for seed in (0, 1)
        for s in (one[0], one[0] + 1)
        for t in (one[1], one[1] + 1)
    }
    assert len(address) == 8


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    """NaN would rank somewhere; it raises instead."""
    with pytest.raises(ValueError, match="finite"):
        top_k(
            np.zeros((1, 1), np.int32), np.array([[bad]]),
            k=1, session=np.array([1]), step=np.array([0], np.int16), seed=0,
        )  # fmt: skip
