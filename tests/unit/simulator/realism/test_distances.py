"""Distances are zero between equals, and their intervals hold the true distance."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.realism.distances import apart, shares
from simulator.realism.measures import ShopperSample


def sample(rng: np.random.Generator, shift: float) -> ShopperSample:
    """Ten values of each of 60 shoppers, who differ."""
    own = np.repeat(rng.normal(size=60), 10)
    return ShopperSample(shift + own + rng.normal(size=600), np.repeat(np.arange(60), 10))


def test_a_sample_is_at_no_distance_from_itself() -> None:
    """And the interval begins at 0."""
    rng = np.random.default_rng(1)
    one = sample(rng, 0.0)
    found = apart(one, one, how="wasserstein", rng=rng)
    assert (found.distance, found.low) == (0.0, 0.0)


def test_places_are_compared_as_if_all_were_shown_as_often() -> None:
    """Two clicks of four shown and one of one: the second place has more of the clicks."""
    seen = ShopperSample(np.array([1.0, 1, 1, 1, 2]), np.arange(5), np.array([1.0, 1, 0, 0, 1]))
    assert shares(seen, np.ones(5), np.array([1.0, 2.0])).tolist() == [0.4, 0.6]


def test_a_divergence_is_that_of_the_shares_and_names_what_differs_most() -> None:
    """Three quarters against a quarter, in nats; a category that one side lacks is finite."""
    rng = np.random.default_rng(3)
    n = 4000
    one, two = (
        ShopperSample((np.arange(n) % 4 < few).astype(np.float64), np.arange(n)) for few in (3, 1)
    )
    found = apart(one, two, how="kl", rng=rng)
    assert found.distance == pytest.approx(0.5 * np.log(3), abs=0.01)
    assert found.low is not None
    assert found.low > 0.4
    assert found.cell in {0, 1}
    lonely = ShopperSample(np.full(n, 7.0), np.arange(n))
    assert np.isfinite(apart(one, lonely, how="kl", rng=rng).distance)


@pytest.mark.thorough
@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_intervals_hold_the_true_distance(shift: float) -> None:
    """The distance of two shifted samples is the shift."""
    rng = np.random.default_rng(7)
    found = [
        apart(sample(rng, 0.0), sample(rng, shift), how="wasserstein", rng=rng) for _ in range(60)
    ]
    assert np.mean([one.low <= shift <= one.high for one in found]) >= 0.88
