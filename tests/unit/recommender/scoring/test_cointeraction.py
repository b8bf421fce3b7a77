"""Counts are whole numbers, directed, summed exactly in any order, and come back from storage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.scoring import cointeraction
from recommender.scoring.cointeraction import Counts, Popularity, increments, item_totals
from tests import twins

N = 9
EXAMINATION = np.array([1024, 700, 512])
SLATES = st.lists(
    st.tuples(
        st.lists(st.integers(0, N - 1), max_size=3, unique=True),
        st.lists(st.integers(0, N - 1), max_size=3, unique=True),
        st.lists(st.booleans(), min_size=3, max_size=3),
    ),
    max_size=12,
)


def arrays(slates: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Profile items, shown items and clicks, padded."""
    pad = [[*items, -1, -1, -1][:3] for items, _, _ in slates]
    lists = [[*shown, -1, -1, -1][:3] for _, shown, _ in slates]
    clicks = [
        [c and j >= 0 for c, j in zip(s[2], row, strict=True)]
        for s, row in zip(slates, lists, strict=True)
    ]
    return (
        np.array(pad, np.int32).reshape(-1, 3),
        np.array(lists, np.int32).reshape(-1, 3),
        np.array(clicks, np.bool_).reshape(-1, 3),
    )


def counted(slates: list[Any]) -> Counts:
    """The increments of slates."""
    return increments(*arrays(slates), EXAMINATION, n=N)


def as_dict(counts: Counts) -> dict[tuple[int, int], tuple[int, int]]:
    """(i, j) to (shown, acted)."""
    columns = zip(counts.key.tolist(), counts.shown.tolist(), counts.acted.tolist(), strict=True)
    return {divmod(key, counts.n): (shown, acted) for key, shown, acted in columns}


def test_a_planted_click_is_counted_from_profile_to_shown_and_not_back() -> None:
    """Seven searched, one shown second and clicked: (7, 1) has it, (1, 7) has nothing."""
    counts = counted([([7], [4, 1], [False, True, False])])
    assert as_dict(counts) == {(7, 4): (1024, 0), (7, 1): (700, 1)}
    shown, acted = counts.lookup(np.array([7, 1, 7]), np.array([1, 7, 4]))
    assert shown.tolist() == [700, 0, 1024]
    assert acted.tolist() == [1, 0, 0]


def test_an_item_is_never_counted_beside_itself() -> None:
    """An item of the profile that is shown again says nothing about itself."""
    assert as_dict(counted([([7], [7, 1], [True, False, False])])) == {(7, 1): (700, 0)}


@settings(max_examples=80, deadline=None)
@given(slates=SLATES, block=st.sampled_from([1, 2, 5, cointeraction.BLOCK]))
def test_increments_equal_their_twin_in_blocks_of_any_size(slates: list[Any], block: int) -> None:
    """Every cell is the twin's."""
    items, shown, acted = arrays(slates)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(cointeraction, "BLOCK", block)
        found = as_dict(counted(slates))
    assert found == twins.increments(items, shown, acted, EXAMINATION.tolist())


@settings(max_examples=60, deadline=None)
@given(slates=SLATES, data=st.data())
def test_sums_do_not_depend_on_split_or_order(slates: list[Any], data: st.DataObject) -> None:
    """Any permutation, cut anywhere and added up, has the digest of the whole."""
    mixed = data.draw(st.permutations(slates))
    cut = data.draw(st.integers(0, len(slates)))
    assert counted(mixed[cut:]).plus(counted(mixed[:cut])).digest() == counted(slates).digest()


@settings(max_examples=60, deadline=None)
@given(slates=SLATES, more=SLATES)
def test_packed_counts_come_back(slates: list[Any], more: list[Any]) -> None:
    """Rows of one generation, or of two at once, unpack to the counts and their sum."""
    a = counted(slates)
    b = counted(more)
    assert Counts.unpack(N, a.pack()).digest() == a.digest()
    assert Counts.unpack(N, [*b.pack(), *a.pack()]).digest() == a.plus(b).digest()


@settings(max_examples=40, deadline=None)
@given(slates=SLATES)
def test_lookup_neighbours_and_cells_agree(slates: list[Any]) -> None:
    """Three ways to read a count give the same, for pairs that are known and for all others."""
    counts = counted(slates)
    cells = as_dict(counts)
    shown, acted = counts.lookup(np.arange(N)[:, None], np.arange(N)[None, :])
    assert [[cells.get((i, j), (0, 0))[0] for j in range(N)] for i in range(N)] == shown.tolist()
    assert [[cells.get((i, j), (0, 0))[1] for j in range(N)] for i in range(N)] == acted.tolist()
    for i in range(N):
        j, s, c = counts.neighbours(i)
        row = dict(zip(j.tolist(), zip(s.tolist(), c.tolist(), strict=True), strict=True))
        assert row == {b: v for (a, b), v in cells.items() if a == i}


def test_the_packed_layout_is_the_documented_one() -> None:
    """Columns j int32, shown int64, acted int32, little-endian, whatever the machine."""
    ((item, packed),) = counted([([7], [4, 1], [False, True, False])]).pack()
    assert item == 7
    assert packed == (
        np.array([1, 4], "<i4").tobytes()
        + np.array([700, 1024], "<i8").tobytes()
        + np.array([1, 0], "<i4").tobytes()
    )


@settings(max_examples=40, deadline=None)
@given(slates=SLATES)
def test_item_totals_count_each_showing_once(slates: list[Any]) -> None:
    """Popularity knows no profile; it adds up and comes back from storage."""
    _, shown, acted = arrays(slates)
    totals = item_totals(shown, acted, EXAMINATION, n=N)
    assert totals.acted.tolist() == [int(acted[shown == j].sum()) for j in range(N)]
    assert totals.shown.sum() == ((shown >= 0) * EXAMINATION).sum()
    twice = Popularity.unpack(totals.plus(totals).pack())
    assert (twice.shown == 2 * totals.shown).all()
    assert (twice.acted == 2 * totals.acted).all()


def test_what_does_not_fit_is_refused() -> None:
    """Other catalogues, other shapes, fractions, unknown items and torn rows raise."""
    counts = counted([([7], [4, 1], [False, True, False])])
    shown = np.array([[1, 2, 3]], np.int32)
    acted = np.zeros((1, 3), np.bool_)
    with pytest.raises(ValueError, match="9 items"):
        counts.plus(Counts.empty(10)).plus(counts)
    with pytest.raises(ValueError, match="do not fit"):
        increments(shown, shown, acted[:, :2], EXAMINATION, n=N)
    with pytest.raises(TypeError, match="whole numbers"):
        # what is tested
        increments(shown, shown, acted, EXAMINATION / 2, n=N)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there are 3 items"):
        item_totals(shown, acted, EXAMINATION, n=3)
    with pytest.raises(ValueError, match="multiple of 16"):
        Counts.unpack(N, [(7, b"123")])
    with pytest.raises(ValueError, match="two columns"):
        Popularity.unpack(b"12345678")
