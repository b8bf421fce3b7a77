"""Threads that share pieces: what comes out is what one thread makes of them."""

from __future__ import annotations

import threading

import pytest

from recommender.taste import em, sums
from recommender.taste.threads import beside, each, threads
from tests.unit.recommender.taste.test_model import taught


@pytest.mark.parametrize("number", [1, 2, 8])
def test_results_stand_in_the_order_of_the_pieces(number: int) -> None:
    """The first piece is the last to end, where there are threads to let others pass."""
    others = threading.Event()

    def work(part: slice) -> tuple[int, int]:
        if number > 1 and part.start == 0:
            assert others.wait(60)
        if part.stop == 10:
            others.set()
        return part.start, part.stop

    with threads(number):
        assert each(work, 10, 4) == [(0, 4), (4, 8), (8, 10)]
        assert each(work, 0, 4) == []


def test_two_calls_go_on_at_once_and_the_first_may_cut_itself() -> None:
    """Each waits for the other; a piece of the first one finds a thread nevertheless."""
    meet = threading.Barrier(2, timeout=60)

    def mine() -> list[int]:
        meet.wait()
        return each(lambda part: part.start, 3, 1)

    with threads(2):
        found, waited = beside(mine, meet.wait)
    assert found == [0, 1, 2]
    assert waited in {0, 1}
    assert beside(lambda: 1, lambda: 2) == (1, 2)


def test_what_fails_in_a_piece_fails_here() -> None:
    """The error itself, not a result that is missing."""
    with threads(2), pytest.raises(ZeroDivisionError):
        each(lambda part: 1 // part.start, 3, 1)


@pytest.mark.parametrize("number", [2, 8])
def test_tastes_are_the_same_bytes_for_any_number_of_threads(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And for any size of the pieces that they share."""
    alone = taught(days=2).taste
    monkeypatch.setattr(em, "SLATES_AT_ONCE", 7)
    monkeypatch.setattr(em, "PAIRS_AT_ONCE", 11)
    monkeypatch.setattr(sums, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(sums, "COLUMNS_AT_ONCE", 5)
    with threads(number):
        shared = taught(days=2).taste
    assert alone is not None
    assert shared is not None
    assert shared.pack() == alone.pack()
