"""The search finds known numbers within their intervals, and says what it cannot tell."""

from __future__ import annotations

import numpy as np

from simulator.fitting.search import Floats, FreeNumber, Simulate, search

NUMBERS = (FreeNumber("a", -5.0, 5.0), FreeNumber("b", -5.0, 5.0), FreeNumber("c", -5.0, 5.0))
START = np.array([0.0, 1.0, 2.0])
TRUTH = np.array([1.5, -2.0, 2.0])


def curved(values: Floats) -> Floats:
    """SimulatedMoments [4] of numbers; the third number moves none of them."""
    a, b, _ = values
    return np.array([np.tanh(a / 3), np.exp(b / 4), a + 0.1 * a * b, a - b])


def shops_of(luck: Floats) -> Simulate:
    """Shops whose luck is the same whatever the numbers are."""
    return lambda values: curved(values) + luck


def test_what_can_be_told_is_found_and_the_rest_keeps_its_value() -> None:
    """Without much luck the values are the true ones; what moves nothing is not told."""
    luck = 1e-3 * np.random.default_rng(3).normal(size=(8, 4))
    found = search(shops_of(luck - luck.mean(0)), curved(TRUTH), NUMBERS, START)
    assert found.told == (0, 1)
    assert np.allclose(found.value, TRUTH[:2], atol=0.02)


def test_intervals_hold_the_truth_in_95_of_100() -> None:
    """Over logs and shops whose luck is drawn anew, counted over both numbers."""
    rng = np.random.default_rng(5)
    held = []
    for _ in range(200):
        luck = 0.1 * rng.normal(size=(8, 4))
        wanted = curved(TRUTH) + 0.1 * rng.normal(size=4)
        found = search(shops_of(luck), wanted, NUMBERS, START)
        assert found.told == (0, 1)
        held.append(np.abs(found.value - TRUTH[:2]) <= found.half)
    assert 0.91 <= np.mean(held) <= 0.99


def test_a_number_whose_interval_is_as_wide_as_its_range_is_not_told() -> None:
    """Luck drowns it."""
    luck = 30 * np.random.default_rng(3).normal(size=(8, 4))
    assert search(shops_of(luck), curved(TRUTH), NUMBERS, START).told == ()


def test_values_stay_within_their_ranges() -> None:
    """Though the log asks for more."""
    luck = 1e-3 * np.random.default_rng(3).normal(size=(8, 4))
    found = search(shops_of(luck), curved(np.array([9.0, -2.0, 0.0])), NUMBERS, START)
    assert found.value[0] <= NUMBERS[0].high
