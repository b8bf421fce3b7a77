"""Visits that are alike cannot be told apart, others can."""

from __future__ import annotations

import numpy as np

from simulator.fitting.seen import PLACES, SeenVisits
from simulator.fitting.told_apart import told_apart


def visits(seed: int, *, looks: float, n: int = 600) -> SeenVisits:
    """Of some shoppers, with so many looks in the mean."""
    rng = np.random.default_rng(seed)
    none = np.zeros(PLACES, np.int64)
    return SeenVisits(
        has_slates=True,
        days=6,
        shopper=rng.integers(0, 200, n),
        day=rng.integers(0, 6, n),
        slates=rng.integers(1, 4, n),
        looks=rng.poisson(looks, n),
        carts=rng.binomial(1, 0.2, n),
        purchases=np.zeros(n, np.int64),
        shown_at=none,
        clicked_at=none,
        searched=none[:0],
        looked=none[:0],
    )


def test_what_is_alike_is_not_told_apart() -> None:
    """The area under the curve is near one half."""
    assert abs(told_apart(visits(1, looks=2), visits(2, looks=2)) - 0.5) < 0.05


def test_what_differs_is_told_apart() -> None:
    """More looks, a larger area; as many as nobody else has, nearly one."""
    some = told_apart(visits(1, looks=3), visits(2, looks=2))
    many = told_apart(visits(1, looks=40), visits(2, looks=2))
    assert 0.6 < some < 0.8
    assert many > 0.99


def test_without_visits_nothing_is_said() -> None:
    """Missing is not one half."""
    assert np.isnan(told_apart(visits(1, looks=2), visits(2, looks=2, n=0)))
