"""A guest's propensities are believed while they agree with what it shows, and no longer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.guests.frequencies import misfit

N = 4096
K = 3


def by_lot(n_items: int, *, seed: int = 0) -> Any:
    """Slates int64 [N, K] drawn from so many items, each as often as any other."""
    draws = np.random.default_rng(seed).random((N, n_items))
    return np.argsort(draws, axis=1)[:, :K]


@pytest.mark.parametrize("n_items", [4, 40, 400, pytest.param(4000, marks=pytest.mark.thorough)])
def test_the_truth_is_believed(n_items: int) -> None:
    """Where each item is seen often, and where most are seen once or never."""
    for seed in range(20):
        items = by_lot(n_items, seed=seed)
        assert misfit(items, np.full(items.shape, 1 / n_items)) == ""


@pytest.mark.parametrize("n_items", [40, 400])
def test_ten_seen_items_too_many_in_the_count_are_noticed(n_items: int) -> None:
    """Who forgets that a session has seen ten items says too little."""
    items = by_lot(n_items)
    assert "and was said to have" in misfit(items, np.full(items.shape, 0.5 / n_items))


def test_a_certain_slate_is_certain() -> None:
    """Probability one, or a place that is left open."""
    items = np.tile([5, 2, -1], (N, 1))
    assert misfit(items, np.ones(items.shape)) == ""
    assert misfit(items, np.where(items < 0, np.nan, 1.0)) == ""
    assert "add up to" not in misfit(items, np.full(items.shape, 0.5))
    assert "100.0% of 2,048 answers" in misfit(items, np.full(items.shape, 0.5))


def test_a_coin_that_is_called_certain_is_noticed() -> None:
    """Two certain items at one place are too many."""
    items = by_lot(4)
    assert "at place 1 add up to 4.00" in misfit(items, np.ones(items.shape))


def test_what_is_shown_less_often_than_said_is_noticed() -> None:
    """An item that comes in a tenth of the answers, and not in a fifth."""
    coin = np.random.default_rng(1).random(N) < 0.1
    items = np.where(coin[:, None], [7, 8, 9], [1, 2, 3])
    good = np.where(coin[:, None], 0.1, 0.9) * np.ones(K)
    bad = np.where(coin[:, None], 0.2, 0.8) * np.ones(K)
    assert misfit(items, good) == ""
    assert "item 7 stood at place 1" in misfit(items, bad)


@pytest.mark.parametrize("value", [0.0, -0.1, 1.5, np.nan, np.inf])
def test_no_probability_is_named(value: float) -> None:
    """With its number."""
    items = by_lot(40)
    chances = np.full(items.shape, 1 / 40)
    chances[3, 1] = value
    assert f"{value:g} is no probability" in misfit(items, chances)


def test_two_numbers_for_one_place_are_named() -> None:
    """What was drawn already does not count: the probability is over all draws."""
    items = by_lot(4)
    chances = np.full(items.shape, 1 / 4)
    chances[: N // 2 : 2] = 1 / 3
    assert "is said to have 0.333333 and 0.25" in misfit(items, chances) or (
        "is said to have 0.25 and 0.333333" in misfit(items, chances)
    )
