"""Averages of neighbours: exact, bounded, better at kinds, worse at the very picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.search import similarity
from recommender.search.neighbourhood import Neighbourhoods, beside, depth, smoothed
from recommender.search.similarity import Vectors, nearest, round_embeddings
from tests import twins
from tests.unit.recommender.shop import embeddings


def units(rows: np.ndarray) -> Vectors:
    """Rounded rows of length 1."""
    return round_embeddings(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 40), k=st.integers(1, 12), seed=st.integers(0, 999), twice=st.booleans())
def test_smoothed_equals_its_twin(n: int, k: int, seed: int, twice: bool) -> None:
    """The same numbers as plain loops over floats, to the last digit, duplicates or not."""
    rows = embeddings(n, seed=seed, dim=5)
    if twice:
        rows = np.concatenate([rows, rows])
    slow = np.array(twins.smoothed(rows.tolist(), depth(len(rows), k)), np.float32)
    expected = rows if depth(len(rows), k) == 1 else slow
    np.testing.assert_array_equal(smoothed(rows, k), expected)


def test_blocks_and_the_order_of_items_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cosines held a few at a time give the same bytes, items in another order the same rows in
    it.
    """
    rows = embeddings(300, dim=64)
    whole = Neighbourhoods.of(rows).searched()
    order = np.random.default_rng(1).permutation(300)
    assert Neighbourhoods.of(rows[order]).searched().tobytes() == whole[order].tobytes()
    monkeypatch.setattr(similarity, "BLOCK", 1000)
    assert Neighbourhoods.of(rows).searched().tobytes() == whole.tobytes()


def test_what_comes_out_is_exact_too() -> None:
    """Averages, and vectors beside them, are rounded unit rows like those that went in."""
    rows = embeddings(200, dim=64)
    among = Neighbourhoods.of(rows)
    for found in (*among.rounds, among.searched(), among.asked(rows[:7])):
        assert found.dtype == np.float32
        similarity.require_exact(found)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-2)


def test_every_round_averages_the_round_before() -> None:
    """As they are, once, twice; what is searched has the first and the last beside each other."""
    rows = embeddings(150, dim=16)
    among = Neighbourhoods.of(rows, k=4, n_rounds=3)
    assert len(among.rounds) == 4
    for before, after in pairwise(among.rounds):
        assert smoothed(before, 4).tobytes() == after.tobytes()
    assert among.searched().tobytes() == beside(rows, among.rounds[3]).tobytes()


@pytest.mark.parametrize("n_rounds", [0, 1, 2, 3])
def test_a_query_that_is_an_item_gets_what_the_item_has(n_rounds: int) -> None:
    """Of items that are alike, what the first has."""
    rows = embeddings(150, dim=16)
    among = Neighbourhoods.of(rows, n_rounds=n_rounds)
    assert among.asked(rows).tobytes() == among.searched().tobytes()
    twice = Neighbourhoods.of(np.concatenate([rows, rows]), n_rounds=n_rounds)
    assert twice.asked(rows).tobytes() == twice.searched()[:150].tobytes()


def test_a_new_picture_gets_an_average_of_its_own() -> None:
    """With the items nearest to it, then with the averages nearest to that."""
    rows = embeddings(150, dim=16)
    new = embeddings(5, seed=9, dim=16)
    among = Neighbourhoods.of(rows, k=4)
    averages = new
    for before in among.rounds[:2]:
        lists, _ = nearest(before, averages, 3, np.ones(150, bool))
        averages = units(averages + before[lists].sum(1))
    np.testing.assert_array_equal(among.asked(new), beside(new, averages))


def test_alone_a_row_stays_as_it_is() -> None:
    """One vector is averaged, or the catalogue is too small to have neighbourhoods."""
    rows = embeddings(50)
    assert smoothed(rows, 1).tobytes() == rows.tobytes()
    assert smoothed(rows[:3]).tobytes() == rows[:3].tobytes()
    assert smoothed(rows[:0]).shape == (0, 16)
    among = Neighbourhoods.of(rows, k=1)
    assert among.asked(rows[:3]).tobytes() == beside(rows[:3], rows[:3]).tobytes()


@pytest.mark.parametrize(
    ("n", "k", "found"),
    [(0, 10, 1), (3, 10, 1), (4, 10, 2), (99, 10, 9), (400, 10, 10), (400, 3, 3)],
)
def test_few_items_are_hardly_blurred(n: int, k: int, found: int) -> None:
    """At most the root of their number is averaged."""
    assert depth(n, k) == found


def test_what_cannot_be_averaged_is_refused() -> None:
    """No vector at all, and rows whose products would not be exact."""
    with pytest.raises(ValueError, match="k = 0"):
        smoothed(embeddings(9), 0)
    with pytest.raises(ValueError, match="multiples"):
        smoothed(embeddings(9) + np.float32(1e-5))


def precision(rows: Vectors, kind: np.ndarray) -> float:
    """Mean average precision of items that ask for their kind among all others."""
    found = []
    for number, row in enumerate(rows):
        cosine = (rows @ row).astype(np.float64)
        order = [other for other in np.argsort(-cosine, kind="stable") if other != number]
        is_right = kind[order] == kind[number]
        found.append((is_right.cumsum() / np.arange(1, len(order) + 1))[is_right].mean())
    return float(np.mean(found))


def test_averages_find_kinds_better_and_a_picture_beside_them_finds_itself() -> None:
    """Two kinds with a bridge between them: mean average precision rises with the average, and half
    as much beside it; a new photo of an item finds that item first less often with the average, not
    so beside it.
    """
    draws = np.random.default_rng(4)
    kind = np.arange(120) % 2
    centre = np.zeros((2, 24))
    centre[0, 0] = centre[1, 1] = 1.0
    items = centre[kind] + 0.33 * draws.normal(size=(120, 24))
    items[:6] = centre.mean(0) + 0.2 * draws.normal(size=(6, 24))  # the bridge
    rows = units(items)
    photos = units(items + 0.17 * draws.normal(size=items.shape))
    among = Neighbourhoods.of(rows)
    both_asked = among.asked(photos)
    spaces = [
        (rows, photos),
        (among.searched(), both_asked),
        (among.rounds[-1], both_asked[:, 24:]),
    ]
    plain, both, average = (precision(space, kind) for space, _ in spaces)
    assert plain + 0.02 < both < average
    again = [np.mean((query @ space.T).argmax(1) == np.arange(120)) for space, query in spaces]
    assert again[2] < again[1] - 0.1
    assert again[1] > again[0] - 0.05
