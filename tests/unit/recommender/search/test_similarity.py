"""Cosines are exact, and the nearest are the nearest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.search import similarity
from tests import twins
from tests.unit.recommender.shop import embeddings


@pytest.mark.parametrize("dim", [3, 64, 200])
def test_cosines_are_the_same_bytes_in_float32_and_float64_at_any_batch(dim: int) -> None:
    """A product of rounded rows is exact, so neither precision nor batch shape shows."""
    index = embeddings(700, dim=dim)
    exact = (index.astype(np.float64) @ index.astype(np.float64).T).astype(np.float32)
    for batch in (1, 7, 512):
        parts = [
            similarity.cosines(index[a : a + batch], index) for a in range(0, len(index), batch)
        ]
        assert np.concatenate(parts).tobytes() == exact.tobytes()


def test_rounding_keeps_rows_near_unit_norm_and_on_the_grid() -> None:
    """Norms stay within 1e-2 of 1, values are multiples of 2^-11, and the condition of exactness
    holds.
    """
    index = embeddings(500, dim=64)
    assert np.allclose(np.linalg.norm(index, axis=1), 1.0, atol=1e-2)
    assert np.array_equal(index * 2048, np.rint(index * 2048))
    similarity.require_exact(index)


@pytest.mark.parametrize(
    "broken", [np.full((2, 4), np.nan), np.zeros((2, 4)), np.ones((2, 4)), np.ones(4)]
)
def test_rows_that_are_not_unit_are_refused(broken: np.ndarray) -> None:
    """A row that is not finite or has another norm is an error, not a neighbour."""
    with pytest.raises(ValueError, match="embeddings must be"):
        similarity.round_embeddings(broken)


def test_an_index_that_is_not_exact_is_refused() -> None:
    """Unrounded, too long and float64 rows are named as such."""
    index = embeddings(5)
    with pytest.raises(ValueError, match="multiples"):
        similarity.require_exact(index + np.float32(1e-5))
    with pytest.raises(ValueError, match="norm below 2"):
        similarity.require_exact(index * np.float32(2))
    with pytest.raises(ValueError, match="float32"):
        similarity.require_exact(index.astype(np.float64))


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 40), k=st.integers(1, 12), seed=st.integers(0, 999), twice=st.booleans())
def test_nearest_equals_its_twin(n: int, k: int, seed: int, twice: bool) -> None:
    """Sorting everything gives the same lists, with ties by item number and the left-out item
    absent.
    """
    index = embeddings(n, seed=seed, dim=3)
    if twice:
        index = np.concatenate([index, index])
    draws = np.random.default_rng(seed)
    is_candidate = draws.random(len(index)) < 0.8
    leave_out = draws.integers(-1, len(index), len(index)).astype(np.int32)
    items, cosines = similarity.nearest(index, index, k, is_candidate, leave_out=leave_out)
    assert items.tolist() == twins.nearest(
        index, index, k, is_candidate.tolist(), leave_out.tolist()
    )
    assert np.array_equal(np.isnan(cosines), items < 0)


def test_nearest_does_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Working in small blocks changes memory, not the answer."""
    index = embeddings(300)
    whole = similarity.nearest(index, index, 20, np.arange(300) < 250)
    monkeypatch.setattr(similarity, "BLOCK", 1000)
    parts = similarity.nearest(index, index, 20, np.arange(300) < 250)
    assert whole[0].tobytes() == parts[0].tobytes()
    assert whole[1].tobytes() == parts[1].tobytes()


def test_a_row_alone_gets_the_bytes_it_gets_in_company() -> None:
    """One row is multiplied without BLAS; what it finds does not show it."""
    index = embeddings(300)
    is_candidate = np.arange(300) % 7 > 0
    many = similarity.nearest(index, index, 20, is_candidate)
    for row in range(0, 300, 50):
        alone = similarity.nearest(index, index[row : row + 1], 20, is_candidate)
        assert all(
            a.tobytes() == b[row : row + 1].tobytes() for a, b in zip(alone, many, strict=True)
        )


def test_nobody_who_asks_gets_nothing() -> None:
    """No rows, no answer, no error; with candidates and without."""
    index = similarity.round_embeddings(np.eye(4, dtype=np.float32))
    for is_candidate in (np.ones(4, bool), np.zeros(4, bool)):
        items, found = similarity.nearest(index, index[:0], 2, is_candidate)
        assert items.shape == found.shape == (0, 2)


def test_neighbours_are_the_nearest_whatever_was_asked_before() -> None:
    """The cache grows on demand and never changes an answer; an item is not its own neighbour."""
    index = embeddings(80)
    is_candidate = np.arange(80) < 60
    cache = similarity.VisualNeighbours(index, is_candidate, 5)
    asked = np.arange(80, dtype=np.int32)
    for part in (asked[70:], asked[3:9], asked[::-1], asked):
        expected, _ = similarity.nearest(index, index[part], 5, is_candidate, leave_out=part)
        assert np.array_equal(cache.of(part), expected)
        assert not (cache.of(part) == part[:, None]).any()


@pytest.mark.parametrize("n_beside", [3, 60])
def test_both_ways_to_pair_cosines_agree(n_beside: int) -> None:
    """Few candidates are gathered, many are cut out of a block; either way these are the
    products.
    """
    index = embeddings(90)
    draws = np.random.default_rng(1)
    items = draws.integers(0, 90, (6, 2)).astype(np.int32)
    beside = draws.integers(0, 90, (6, n_beside)).astype(np.int32)
    expected = (index @ index.T)[items[:, :, None], beside[:, None, :]]
    assert similarity.pair_cosines(index, items, beside).tobytes() == expected.tobytes()
