"""An experiment that was planned finds what it was planned for, as often as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.comparing.power import Variances, detectable, power_of, seeds_for, sized
from simulator.report.numbers import statistics

PILOT = Variances(
    value=0.01,
    base=0.05,
    between=0.0004,
    within=0.0001,
    seeds=5,
    shoppers=400,
    days=6,
)
SIZES = {"shoppers": 400}
ROUNDS = 1000


def test_the_parts_of_the_variance_are_those_of_the_pilot() -> None:
    """What varies over shops holds the luck of their shoppers; taken off, it is the shops' own."""
    assert PILOT.s2_shop == pytest.approx(0.0003)
    assert PILOT.s2_shopper / 400 == pytest.approx(0.0001)
    assert PILOT.error(10, 400) == pytest.approx((0.0004 / 10) ** 0.5)
    assert PILOT.error(10, 10**9) == pytest.approx((0.0003 / 10) ** 0.5)


def test_less_variance_between_shops_than_their_shoppers_explain_is_none() -> None:
    """A variance is never below zero."""
    assert replace(PILOT, between=0.00005).s2_shop == 0


@pytest.mark.parametrize("seeds", [5, pytest.param(20, marks=pytest.mark.thorough)])
def test_four_of_five_planned_experiments_find_what_is_there(seeds: int) -> None:
    """Each round plays a pilot of normal shops, plans by it for 80 %, and plays what was planned.

    With the pilot's variance taken for the true one it would be 70 % of five seeds.
    """
    rng = np.random.default_rng(seeds)
    found = []
    for _ in range(ROUNDS):
        between = float(rng.normal(size=seeds).var(ddof=1))
        pilot = replace(PILOT, between=between, within=0.0, seeds=seeds)
        planned = seeds_for(pilot, 0.8, power=0.8, **SIZES)
        assert planned is not None
        drawn = rng.normal(0.8, 1.0, planned)
        found.append(statistics.paired_over_seeds(drawn.tolist(), [0.0] * planned).p < 0.05)
    assert 0.77 <= np.mean(found) <= 0.84


def test_the_fewest_seeds_have_the_power_and_one_fewer_has_not() -> None:
    """The search ends where it should."""
    found = seeds_for(PILOT, 0.01, power=0.9, **SIZES)
    assert found is not None
    assert power_of(PILOT, 0.01, seeds=found, **SIZES) >= 0.9
    assert power_of(PILOT, 0.01, seeds=found - 1, **SIZES) < 0.9
    assert seeds_for(PILOT, 1.0, power=0.9, least=5, **SIZES) == 5
    assert seeds_for(PILOT, 1e-9, power=0.9, **SIZES) is None


def test_what_is_detectable_is_found_with_the_power_asked_for() -> None:
    """One is the inverse of the other."""
    least = detectable(PILOT, power=0.8, seeds=12, **SIZES)
    assert power_of(PILOT, least, seeds=12, **SIZES) == pytest.approx(0.8, abs=1e-6)
    size = sized(PILOT, least, power=0.8, seeds=12, **SIZES)
    assert size.detectable == pytest.approx(least)
    assert size.shopper_days == 12 * 400 * 6, "of the pilot's days"
    assert size.error == PILOT.error(12, 400)
    assert size.seen == PILOT.value


def test_more_shoppers_need_fewer_seeds_until_the_shops_alone_vary() -> None:
    """Beyond that, only seeds help."""
    seeds = [seeds_for(PILOT, 0.01, power=0.8, shoppers=n) for n in (50, 400, 10**7)]
    assert seeds[0] > seeds[1] >= seeds[2] > 5  # type: ignore[operator]
