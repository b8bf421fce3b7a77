"""What clicks in mixed lists say, on visits counted by hand and on shops that are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simulator.comparing.preference import (
    effect_of_split,
    gap_of,
    in_order,
    preference,
    preference_expected,
    times_the_sessions,
)
from simulator.report.numbers.statistics import Estimate, ratio


def _panel(row: list[int], clicked: list[list[int]], shopper: list[int], n: int) -> Any:
    """Slates of two places: the visit of each and what was clicked; and who visits."""
    of_slate = np.array(shopper)[row]
    is_clicked = np.array(clicked, np.bool_)
    return SimpleNamespace(
        slates=SimpleNamespace(
            row=np.array(row),
            shopper=of_slate,
            is_clicked=is_clicked,
            is_shown=np.ones_like(is_clicked),
            expected=np.where(is_clicked, 0.3, 0.1),
        ),
        sessions=SimpleNamespace(session=np.arange(len(shopper)), shopper=np.array(shopper)),
        run=SimpleNamespace(n_shoppers=n),
    )


CLICKED = [[1, 0], [1, 1], [0, 1], [1, 1], [0, 1]]
CREDIT = np.array([[1, -1], [1, 1], [1, -1], [0, 0], [-1, 1]])


def test_a_click_counts_where_it_tells_the_policies_apart() -> None:
    """Of five clicks that tell, four speak for the first policy; two tell nothing."""
    found = preference(_panel([0, 0, 1, 2, 3], CLICKED, [0, 1, 0, 2], 3), CREDIT)
    assert found.value == pytest.approx(4 / 5 - 0.5)
    assert found.n == 5
    assert np.isnan(preference(_panel([0], [[1, 1]], [0], 1), np.zeros((1, 2), int)).value)


def test_by_chances_each_visit_counts_alike() -> None:
    """A chance of 0.3 where there was a click, 0.1 elsewhere; the third visit says nothing."""
    found = preference_expected(_panel([0, 0, 1, 2, 3], CLICKED, [0, 1, 0, 2], 3), CREDIT)
    shares = [(0.3 - 0.1 + 0.6) / 1.0, (0.1 - 0.3) / 0.4, 0.0, (-0.1 + 0.3) / 0.4]
    assert found.value == pytest.approx(np.mean(shares) / 2)
    assert found.n == 4
    assert found.is_unit.all()


def test_an_ab_test_is_freed_of_the_luck_of_who_is_in_which_half() -> None:
    """The halves differ by 3 under the second policy alone, and by 5 in the test."""
    halves: list[Any] = [9.0, 4.0]
    alone: list[Any] = [7.0, 4.0]
    assert effect_of_split(halves, alone, _sure) == 2.0  # type: ignore[arg-type]


def _sure(value: float) -> Estimate:
    return ratio(np.array([value]), np.ones(1))


def test_the_credits_come_in_the_order_of_the_slates() -> None:
    """By session, then step, however they were asked for."""
    first = (np.array([3, 5]), 0, np.array([[0, 1], [1, 0]]))
    second = (np.array([3]), 1, np.array([[1, 1]]))
    assert in_order([second, first]).tolist() == [[0, 1], [1, 1], [1, 0]]


def test_one_shop_is_over_shoppers_and_several_over_shops() -> None:
    """The gap of one is paired by shopper; of several it is Student's over their values."""
    rng = np.random.default_rng(8)
    ours, theirs = (_estimates(rng, mean, shops=1) for mean in (2.0, 1.5))
    one = gap_of(ours, theirs)
    assert one.low < 0.5 < one.high
    several = gap_of(_estimates(rng, 2.0, shops=9))
    assert several.low < 2.0 < several.high
    assert several.p < 1e-6


def test_the_times_of_an_ab_test_are_those_of_the_variances() -> None:
    """Half the error for the same effect is a quarter of the visits; halves double the variance."""
    rng = np.random.default_rng(9)
    preferred = _estimates(rng, 1.0, shops=40, spread=1.0)
    drawn = _estimates(rng, 5.0, shops=80, spread=1.0)
    assert times_the_sessions(preferred, drawn, 1.0) == pytest.approx(4, rel=0.1)
    assert times_the_sessions(preferred, drawn, -0.5) == pytest.approx(16, rel=0.1)
    assert np.isnan(times_the_sessions(preferred, drawn, 0.0))


def _estimates(
    rng: np.random.Generator, mean: float, *, shops: int, spread: float = 0.5
) -> list[Estimate]:
    return [ratio(rng.normal(mean, spread, 400), np.ones(400)) for _ in range(shops)]
