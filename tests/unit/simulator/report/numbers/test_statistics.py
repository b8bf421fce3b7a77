"""Intervals hold what they promise: simulated coverage, agreement with SciPy, and the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulator.report.numbers import statistics
from simulator.report.numbers.statistics import Estimate, ratio

ROUNDS = 1500
SHOPPERS = 250


def _draws(purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[2024, purpose]))


def _clicks(
    draws: np.random.Generator, rate: float, *, mood: float = 0.6
) -> tuple[statistics.Floats, statistics.Floats]:
    """Clicks and items shown of each shopper; shoppers differ in their rate and in how much they
    see.
    """
    shown = 10.0 * draws.integers(0, 9, SHOPPERS)
    own = rate * np.exp(mood * draws.standard_normal(SHOPPERS) - mood**2 / 2)
    return draws.binomial(shown.astype(np.int64), np.minimum(own, 1.0)).astype(np.float64), shown


def test_nineteen_of_twenty_intervals_hold_a_usual_rate() -> None:
    """Shoppers who differ, 4 % clicks: the interval over shoppers covers the true rate 95 times in
    100.
    """
    draws = _draws(1)
    found = [
        statistics.by_shopper(ratio(*_clicks(draws, 0.04), is_share=True)) for _ in range(ROUNDS)
    ]
    assert 0.935 <= np.mean([one.low <= 0.04 <= one.high for one in found]) <= 0.965


def test_nineteen_of_twenty_intervals_hold_a_rare_rate() -> None:
    """Ten purchases in all: Wilson's interval still covers, where a symmetric one falls short."""
    draws = _draws(2)
    estimates = [ratio(*_clicks(draws, 0.001), is_share=True) for _ in range(ROUNDS)]
    found = [statistics.by_shopper(one) for one in estimates]
    symmetric = [abs(one.value - 0.001) <= 1.97 * one.variance**0.5 for one in estimates]
    assert 0.935 <= np.mean([one.low <= 0.001 <= one.high for one in found]) <= 0.985
    assert np.mean(symmetric) < 0.925


def test_nineteen_of_twenty_paired_intervals_hold_the_difference() -> None:
    """Two policies, the same shoppers in the same moods: the paired interval covers, and is
    narrower.
    """
    draws = _draws(3)
    held = []
    narrower = []
    for _ in range(ROUNDS):
        shown = 10.0 * draws.integers(0, 9, SHOPPERS)
        mood = np.exp(0.8 * draws.standard_normal(SHOPPERS) - 0.32)
        a, b = (
            ratio(
                draws.binomial(shown.astype(np.int64), np.minimum(rate * mood, 1)).astype(
                    np.float64
                ),
                shown,
            )
            for rate in (0.05, 0.04)
        )
        gap = statistics.paired(a, b)
        held.append(gap.low <= 0.01 <= gap.high)
        narrower.append(gap.high - gap.low < 2 * 1.97 * (a.variance + b.variance) ** 0.5)
    assert 0.935 <= np.mean(held) <= 0.965
    assert np.mean(narrower) > 0.95


def test_p_is_uniform_when_nothing_differs() -> None:
    """Two equal policies are told apart at the 5 % level 5 times in 100."""
    draws = _draws(4)
    chances = [
        statistics.paired(ratio(*_clicks(draws, 0.04)), ratio(*_clicks(draws, 0.04))).p
        for _ in range(ROUNDS)
    ]
    assert 0.035 <= np.mean(np.array(chances) < 0.05) <= 0.065
    assert stats.kstest(chances, "uniform").pvalue > 0.01


def test_nineteen_of_twenty_intervals_over_five_seeds_hold_the_mean() -> None:
    """Student's quantile, not the normal one: five seeds are few."""
    draws = _draws(5)
    found = [
        statistics.over_seeds(draws.normal(0.04, 0.002, 5).tolist(), n=5) for _ in range(ROUNDS)
    ]
    assert 0.935 <= np.mean([one.low <= 0.04 <= one.high for one in found]) <= 0.965


def test_over_seeds_agrees_with_scipy() -> None:
    """Interval and p are those of scipy's one-sample t test, on the differences seed by seed."""
    a = [0.041, 0.046, 0.044, 0.049]
    b = [0.040, 0.041, 0.043, 0.042]
    gap = statistics.paired_over_seeds(a, b)
    test = stats.ttest_rel(a, b)
    ends = test.confidence_interval(0.95)
    assert (gap.value, gap.low, gap.high, gap.p) == pytest.approx(
        (float(np.mean(np.subtract(a, b))), ends.low, ends.high, test.pvalue)
    )


def test_paired_by_shopper_agrees_with_scipy_where_everybody_counts_alike() -> None:
    """With one observation a shopper the ratio is a mean, and the paired interval is the paired t
    test.
    """
    draws = _draws(6)
    a = draws.normal(2, 1, 40)
    b = draws.normal(1.8, 1, 40)
    gap = statistics.paired(ratio(a, np.ones(40)), ratio(b, np.ones(40)))
    test = stats.ttest_rel(a, b)
    ends = test.confidence_interval(0.95)
    assert (gap.low, gap.high, gap.p) == pytest.approx((ends.low, ends.high, test.pvalue))


def test_variance_agrees_with_leaving_shoppers_out() -> None:
    """Slow twin: the jackknife, one shopper left out at a time."""
    clicks, shown = _clicks(_draws(7), 0.05)
    without = (clicks.sum() - clicks[shown > 0]) / (shown.sum() - shown[shown > 0])
    n = len(without)
    slow = (n - 1) / n * np.square(without - without.mean()).sum()
    assert ratio(clicks, shown).variance == pytest.approx(slow, rel=0.03)


def test_a_share_of_nought_still_has_an_interval() -> None:
    """No purchase by 50 shoppers does not prove that nobody ever buys."""
    found = statistics.by_shopper(ratio(np.zeros(50), np.ones(50), is_share=True))
    assert (found.value, found.low) == (0.0, 0.0)
    assert 0.05 < found.high < 0.1


def test_intervals_of_shares_stay_on_the_scale() -> None:
    """Never below 0, never above 1."""
    few = ratio(np.array([1.0, 0, 0, 0]), np.array([20.0, 20, 20, 20]), is_share=True)
    most = ratio(np.array([19.0, 20, 20, 20]), np.array([20.0, 20, 20, 20]), is_share=True)
    assert statistics.by_shopper(few).low >= 0
    assert statistics.by_shopper(most).high <= 1


def test_one_shopper_has_a_value_and_no_interval() -> None:
    """One person's clicks say nothing of how people differ."""
    found = statistics.by_shopper(ratio(np.array([3.0, 0.0]), np.array([10.0, 0.0]), is_share=True))
    assert found.value == 0.3
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_nothing_to_divide_by_is_undefined() -> None:
    """Undefined is not zero, and so is every difference with it."""
    nothing = ratio(np.zeros(3), np.zeros(3))
    something = ratio(np.array([1.0, 2, 0]), np.ones(3))
    assert math.isnan(nothing.value)
    assert nothing.n == 0
    assert math.isnan(statistics.paired(nothing, something).value)
    assert math.isnan(statistics.paired(nothing, something).p)


def test_a_policy_does_not_differ_from_itself() -> None:
    """The A/A test: difference 0, interval from 0 to 0, p 1."""
    one = ratio(*_clicks(_draws(8), 0.05))
    assert statistics.paired(one, one) == statistics.Gap(0.0, 0.0, 0.0, 1.0)


def test_shares_over_seeds_stay_on_the_scale() -> None:
    """Three seeds near 1 do not promise 103 %."""
    found = statistics.over_seeds([0.97, 0.99, 1.0], n=3, is_share=True)
    assert found.high == 1.0
    assert statistics.over_seeds([0.97, 0.99, 1.0], n=3).high > 1.0


def test_nothing_lies_beyond_the_ends_of_a_scale() -> None:
    """Values and differences; without ends they stay as they are."""
    wide = statistics.Interval(1.2, -7.38, 9.87, 2)
    assert statistics.within(wide, statistics.SHARE) == statistics.Interval(1.2, 0.0, 1.0, 2)
    assert statistics.within(wide, statistics.POSITIVE) == statistics.Interval(1.2, 0.0, 9.87, 2)
    assert statistics.within(wide, statistics.ANYTHING) == wide
    gap = statistics.Gap(0.1, -7.38, 9.87, 0.5)
    assert statistics.gap_within(gap, statistics.SHARE) == statistics.Gap(0.1, -1.0, 1.0, 0.5)
    assert statistics.gap_within(gap, statistics.POSITIVE) == gap
    assert math.isnan(statistics.within(statistics.NOTHING, statistics.SHARE).low)


@pytest.mark.parametrize("n_seeds", range(8))
def test_few_seeds_are_warned_of_in_words(n_seeds: int) -> None:
    """Two to four; one seed has intervals over its shoppers."""
    said = statistics.caution(n_seeds)
    assert said.startswith(f"Only {n_seeds} seeds: ") if 2 <= n_seeds <= 4 else said == ""


def test_undefined_seeds_are_left_out() -> None:
    """A seed without a click has no dwell; the mean is over the others."""
    assert statistics.over_seeds([1.0, math.nan, 3.0], n=2).value == 2.0
    assert math.isnan(statistics.over_seeds([math.nan], n=0).value)


def test_share_of_the_lead_is_where_the_policy_stands_between_floor_and_ceiling() -> None:
    """4 % between 3 % and 13 % has won a tenth; without a lead there is no share."""
    floor, policy, ceiling = (_at(value) for value in (0.03, 0.04, 0.13))
    assert statistics.share_of_lead(policy, floor, ceiling).value == pytest.approx(0.1)
    assert math.isnan(statistics.share_of_lead(policy, ceiling, floor).value)


def _at(value: float) -> Estimate:
    return ratio(np.array([value, value]), np.ones(2))
