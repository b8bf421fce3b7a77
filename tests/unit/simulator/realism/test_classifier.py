"""Visits that are alike cannot be told apart, others can, and the interval says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from db.events import Kind
from simulator.realism.classifier import area, told_apart
from simulator.realism.observed import LOOK, TIMED, Observed


def visits(seed: int, *, looks: float, n: int = 400) -> Observed:
    """Of 100 shoppers who differ, with about so many looks a visit."""
    rng = np.random.default_rng(seed)
    shopper = np.sort(np.append(np.arange(100), rng.integers(0, 100, n - 100)))
    own = looks * rng.gamma(4, 0.25, 100)
    counts = 1 + rng.poisson(own[shopper])
    visit = np.repeat(np.arange(n), counts)
    kind = np.where(rng.random(len(visit)) < 0.1, int(Kind.CART), LOOK).astype(np.int64)
    time = np.cumsum(rng.exponential(30, len(visit))) + visit * 3600
    item = rng.integers(0, 50, len(visit))
    return Observed(visit, kind, time, item, shopper, frozenset({LOOK, int(Kind.CART), TIMED}))


def test_what_differs_is_told_apart_and_what_gives_it_away_is_named() -> None:
    """More looks, a larger area, and looks or what follows from them stand first."""
    found = told_apart(visits(1, looks=6), visits(2, looks=2), np.random.default_rng(1))
    assert found.low > 0.6
    assert next(iter(found.alone)) in {"looks", "length of the visit"}


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    """Against pairs by hand; a tie counts half."""
    score = np.array([3.0, 1.0, 1.0, 0.0])
    is_real = np.array([True, True, False, False])
    assert area(score, is_real, np.ones(4)) == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_too_few_shoppers_say_nothing() -> None:
    """Missing is not one half: one shopper cannot teach and be asked."""
    alone = visits(1, looks=2)
    alone = replace(alone, shopper=np.zeros_like(alone.shopper))
    assert np.isnan(told_apart(alone, visits(2, looks=2), np.random.default_rng(1)).value)


@pytest.mark.thorough
def test_the_interval_of_what_is_alike_holds_one_half() -> None:
    """In at least 9 of 10 pairs of logs of the same shoppers."""
    found = [
        told_apart(
            visits(2 * one, looks=2), visits(2 * one + 1, looks=2), np.random.default_rng(one)
        )
        for one in range(40)
    ]
    assert np.mean([one.low <= 0.5 <= one.high for one in found]) >= 0.85
