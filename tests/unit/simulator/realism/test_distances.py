"""Distances are zero between equals, and their intervals hold the true distance."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.realism.distances import apart, gini
from simulator.realism.measures import ShopperSample


def sample(rng: np.random.Generator, shift: float) -> ShopperSample:
    """Ten values of each of 60 shoppers, who differ."""
    own = np.repeat(rng.normal(size=60), 10)
    return ShopperSample(shift + own + rng.normal(size=600), np.repeat(np.arange(60), 10))


def test_a_sample_is_at_no_distance_from_itself() -> None:
    """And the interval begins at 0."""
    rng = np.random.default_rng(1)
    one = sample(rng, 0.0)
    found = apart(one, one, is_gini=False, rng=rng)
    assert (found.distance, found.low) == (0.0, 0.0)


def test_gini_of_equal_counts_is_nothing_and_of_unequal_ones_as_by_hand() -> None:
    """Counts 1 and 3: a quarter."""
    assert gini(np.array([1.0, 2.0])) == 0.0
    assert gini(np.array([1.0, 2.0, 2.0, 2.0])) == pytest.approx(0.25)


@pytest.mark.thorough
@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_intervals_hold_the_true_distance(shift: float) -> None:
    """The distance of two shifted samples is the shift."""
    rng = np.random.default_rng(7)
    found = [apart(sample(rng, 0.0), sample(rng, shift), is_gini=False, rng=rng) for _ in range(60)]
    assert np.mean([one.low <= shift <= one.high for one in found]) >= 0.88
