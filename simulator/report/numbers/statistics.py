"""Intervals of 95 %: of one run over its shoppers, of a difference paired by shopper, of an
experiment over its seeds.

Shoppers, not slates or sessions, are the units: the sessions of one shopper resemble each other.
Every measure of a run comes as a value and its *influence*: how much each shopper moved it (the
linear, or delta, method). It was chosen over the bootstrap because it is exact arithmetic without
draws, costs one pass, gives paired differences by subtraction, and covers as well (its unit tests
simulate both the usual and the rare case). Shares near 0 or 1, where a symmetric interval leaves
the scale, use Wilson's interval at the effective sample size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

Ends = tuple[float, float]
"""The least and the greatest value that a scale has."""
SHARE: Ends = (0.0, 1.0)
POSITIVE: Ends = (0.0, np.inf)
ANYTHING: Ends = (-np.inf, np.inf)

FEW_SEEDS = 5
"""Student's quantile is 12.7 for two seeds, 4.3 for three, 3.2 for four, and 2.8 from here on."""

LEVEL = 0.95
_UPPER = 0.5 + LEVEL / 2


@dataclass(frozen=True)
class Estimate:
    """A measure of one run."""

    value: float
    influence: Floats
    """float64 [n_shoppers], sums to 0: the change of the value that each shopper is answerable for.
    """
    is_unit: NDArray[np.bool_]
    """bool [n_shoppers], who contributed at all."""
    n: int
    """Observations that the value is over."""
    is_share: bool = False
    """A share of something, between 0 and 1."""

    @property
    def units(self) -> int:
        """How many shoppers contributed."""
        return int(self.is_unit.sum())

    @property
    def variance(self) -> float:
        """The variance of the value over samples of shoppers; NaN with fewer than two."""
        return _variance(self.influence, self.units)


@dataclass(frozen=True)
class Interval:
    """A value, where it lies with 95 % confidence, and over how many observations it was taken."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Gap:
    """A difference, where it lies with 95 % confidence, and how probable one as large is by chance
    alone.
    """

    value: float
    low: float
    high: float
    p: float


NOTHING = Interval(np.nan, np.nan, np.nan, 0)
NO_GAP = Gap(np.nan, np.nan, np.nan, np.nan)


def ratio(
    numerator: Floats, denominator: Floats, *, is_share: bool = False, n: int | None = None
) -> Estimate:
    """The ratio of two sums over shoppers, both float64 [n_shoppers]; NaN when there is nothing to
    divide by.

    influence = (numerator - value * denominator) / sum(denominator): Cochran, Sampling Techniques,
    section 6.
    """
    total = float(denominator.sum())
    if total <= 0:
        return undefined(len(denominator))
    value = float(numerator.sum()) / total
    influence = (numerator - value * denominator) / total
    return Estimate(value, influence, denominator > 0, round(total) if n is None else n, is_share)


def moved_too(estimate: Estimate, also: Floats) -> Estimate:
    """The estimate of which shoppers moved more than their own observations, by something that all
    of them share.

    also: float64 [n_shoppers], what the value would lose without each; centred over those who
    contributed.
    """
    units = max(1, estimate.units)
    mean = float(also[estimate.is_unit].sum()) / units
    centred = np.where(estimate.is_unit, also - mean, 0.0)
    return replace(estimate, influence=estimate.influence + centred)


def within(found: Interval, ends: Ends) -> Interval:
    """The interval where its scale has ends: nothing lies beyond them, however few the
    observations.
    """
    low, high = np.clip([found.low, found.high], *ends).tolist()
    return replace(found, low=low, high=high)


def gap_within(found: Gap, ends: Ends) -> Gap:
    """The same of a difference of two values on such a scale."""
    width = ends[1] - ends[0]
    low, high = np.clip([found.low, found.high], -width, width).tolist()
    return replace(found, low=low, high=high)


def caution(n_seeds: int) -> str:
    """What must be said of intervals over so few seeds; empty where nothing must."""
    if not 1 < n_seeds < FEW_SEEDS:
        return ""
    return (
        f"Only {n_seeds} seeds: intervals over so few are very wide, and themselves uncertain. "
        f"Play {FEW_SEEDS} seeds or more before you conclude anything."
    )


def undefined(n_shoppers: int) -> Estimate:
    """A measure without a truth: nothing was seen that it could be taken over."""
    return Estimate(np.nan, np.zeros(n_shoppers), np.zeros(n_shoppers, np.bool_), 0)


def by_shopper(estimate: Estimate) -> Interval:
    """The interval of one run over its shoppers, given its counts: what the policy had learned is
    taken as it was.
    """
    value = estimate.value
    variance = estimate.variance
    units = estimate.units
    if np.isnan(value) or units < 2:
        return Interval(value, np.nan, np.nan, estimate.n)
    quantile = float(special.stdtrit(units - 1, _UPPER))
    if estimate.is_share:
        low, high = _wilson(value, variance, units=units, quantile=quantile)
    elif variance == 0:
        low = high = (
            np.nan
        )  # nothing varied: a mean without a scale says nothing of what else could have been
    else:
        low = value - quantile * variance**0.5
        high = value + quantile * variance**0.5
    return Interval(value, low, high, estimate.n)


def paired(a: Estimate, b: Estimate) -> Gap:
    """Value of a minus value of b, for two runs that met the same shoppers: row s of both is one
    person.
    """
    influence = a.influence - b.influence
    units = int((a.is_unit | b.is_unit).sum())
    return _student(a.value - b.value, _variance(influence, units), units - 1)


def over_seeds(values: Sequence[float], *, n: int, is_share: bool = False) -> Interval:
    """The mean of one value per seed with Student's interval; undefined seeds are left out.

    The interval of a share ends where the scale does.
    """
    defined = np.array([value for value in values if not np.isnan(value)])
    if len(defined) == 0:
        return Interval(np.nan, np.nan, np.nan, n)
    gap = _student(float(defined.mean()), _variance_of_mean(defined), len(defined) - 1)
    found = Interval(gap.value, gap.low, gap.high, n)
    return within(found, SHARE) if is_share else found


def paired_over_seeds(a: Sequence[float], b: Sequence[float]) -> Gap:
    """The mean difference of two policies with one value per seed each, paired by seed."""
    differences = np.array(a, np.float64) - np.array(b, np.float64)
    defined = differences[~np.isnan(differences)]
    if len(defined) == 0:
        return NO_GAP
    return _student(float(defined.mean()), _variance_of_mean(defined), len(defined) - 1)


def share_of_lead(policy: Estimate, floor: Estimate, ceiling: Estimate) -> Estimate:
    """(policy - floor) / (ceiling - floor): how much of what could be won was won. NaN without a
    lead.
    """
    lead = ceiling.value - floor.value
    if np.isnan(policy.value) or np.isnan(lead) or lead <= 0:
        return undefined(len(policy.influence))
    value = (policy.value - floor.value) / lead
    moved = policy.influence - floor.influence - value * (ceiling.influence - floor.influence)
    return Estimate(value, moved / lead, policy.is_unit | floor.is_unit | ceiling.is_unit, policy.n)


def _variance(influence: Floats, units: int) -> float:
    return float(np.square(influence).sum()) * units / (units - 1) if units > 1 else np.nan


def _variance_of_mean(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else np.nan


def _student(value: float, variance: float, freedom: int) -> Gap:
    """Student's interval and two-sided p of a value whose variance was estimated."""
    if np.isnan(value) or np.isnan(variance):
        return Gap(value, np.nan, np.nan, np.nan)
    if variance == 0 and value != 0:  # apart, with nothing to test it on
        return Gap(value, np.nan, np.nan, np.nan)
    if variance == 0:  # the same numbers unit by unit
        return Gap(value, value, value, 1.0)
    error = variance**0.5
    half = float(special.stdtrit(freedom, _UPPER)) * error
    return Gap(
        value, value - half, value + half, float(2 * special.stdtr(freedom, -abs(value) / error))
    )


def _wilson(share: float, variance: float, *, units: int, quantile: float) -> tuple[float, float]:
    """Wilson's interval at the sample size a simple random sample would need for this variance.

    Dean and Pagano, Journal of Survey Statistics and Methodology 3 (2015). A share of exactly 0 or
    1 has no variance: then every shopper counts as one observation.
    """
    spread = share * (1 - share)
    if variance > 0 and spread > 0:
        size = spread / variance
    elif spread > 0:  # nothing varied, so nothing is known of what else could have been
        return np.nan, np.nan
    else:
        size = float(units)
    square = quantile**2
    centre = (share + square / (2 * size)) / (1 + square / size)
    half = quantile / (1 + square / size) * (spread / size + square / (4 * size**2)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)
