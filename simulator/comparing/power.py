"""How large an experiment must be: seeds and shoppers for a difference at a power.

Over S shops of n shoppers each, the mean paired difference has the variance
(s2_shop + s2_shopper / n) / S: two-stage sampling, Cochran, Sampling Techniques, section 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator.report.numbers.statistics import LEVEL

MOST_SEEDS = 10_000
_CELLS = 64
"""Equally likely values of a variance that is known from a pilot only."""


@dataclass(frozen=True)
class Variances:
    """What a pilot says of the paired difference of two policies in one measure, after so many
    days.
    """

    value: float
    """a - b, mean over its shops."""
    base: float
    """b, mean over its shops."""
    between: float
    """Variance over shops of the difference, with the luck of their shoppers in it."""
    within: float
    """Variance over shoppers of the difference of one shop, mean over shops."""
    seeds: int
    shoppers: int
    days: int

    @property
    def s2_shop(self) -> float:
        """Variance over shops that would be left with shoppers without number."""
        return max(0.0, self.between - self.within)

    @property
    def s2_shopper(self) -> float:
        """Variance over shoppers, one shopper a shop."""
        return self.within * self.shoppers

    def variance(self, shoppers: int) -> float:
        """Of the difference in one shop.

        Where the pilot's shops differ less than their shoppers explain, the difference is taken to
        be the shoppers' alone, and as small as it was.
        """
        luck = self.s2_shopper / shoppers
        found = self.between - self.within + luck
        if luck >= self.within:
            return found
        return max(found, luck * self.between / self.within)

    def error(self, seeds: int, shoppers: int) -> float:
        """Standard error of the mean difference over shops."""
        return float((self.variance(shoppers) / seeds) ** 0.5)

    def freedom(self, shoppers: int) -> float:
        """Degrees of freedom behind `variance` (Satterthwaite, Biometrics 2, 1946), at least those
        of the pilot's shops: more shoppers never ask for more seeds.

        What varies over shops is known from few of them, what varies over shoppers from many.
        """
        known = self.seeds - 1.0
        if self.between <= 0:
            return known
        return max(known, known * (self.variance(shoppers) / self.between) ** 2)


@dataclass(frozen=True)
class ExperimentSize:
    """An experiment as large as it must be, or as somebody wants it."""

    seeds: int
    shoppers: int
    days: int
    power: float
    """With which the wanted difference is found."""
    error: float
    """Standard error of the mean difference over its seeds."""
    detectable: float
    """The difference that is found with the wanted power."""
    seen: float
    """The difference that the pilot had after so many days, with its own shoppers."""

    @property
    def shopper_days(self) -> int:
        """What it costs, roughly: of each policy."""
        return self.seeds * self.shoppers * self.days


def power_of(pilot: Variances, effect: float, *, seeds: int, shoppers: int) -> float:
    """The chance that Student's paired t over seeds, two-sided at 5 %, finds the effect.

    The mean over what the variance may be, given how few shops the pilot had (Julious, Owen,
    Pharmaceutical Statistics 5, 2006). Whoever takes a small pilot's variance for the true one
    promises more than there is. NaN where nothing varied.
    """
    error = pilot.error(seeds, shoppers)
    if error <= 0:
        return np.nan
    return _mean_power(abs(effect) / error, seeds, pilot.freedom(shoppers))


def seeds_for(
    pilot: Variances, effect: float, *, power: float, shoppers: int, least: int = 2
) -> int | None:
    """The fewest seeds, `least` or more, that find the effect with the power; None where
    MOST_SEEDS would not.
    """

    def is_enough(seeds: int) -> bool:
        return power_of(pilot, effect, seeds=seeds, shoppers=shoppers) >= power

    low = least - 1
    high = least
    while not is_enough(high):
        low = high
        high *= 2
        if high > MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def detectable(pilot: Variances, *, power: float, seeds: int, shoppers: int) -> float:
    """The least difference that so large an experiment finds with the power."""
    freedom = pilot.freedom(shoppers)
    low = 0.0
    high = 1.0
    while _mean_power(high, seeds, freedom) < power:
        low = high
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (
            (low, middle) if _mean_power(middle, seeds, freedom) >= power else (middle, high)
        )
    return high * pilot.error(seeds, shoppers)


def sized(
    pilot: Variances, effect: float, *, power: float, seeds: int, shoppers: int
) -> ExperimentSize:
    """An experiment with its power for the effect, and what it finds with the wanted power."""
    sizes = {"seeds": seeds, "shoppers": shoppers}
    return ExperimentSize(
        **sizes,
        days=pilot.days,
        power=power_of(pilot, effect, **sizes),
        error=pilot.error(seeds, shoppers),
        detectable=detectable(pilot, power=power, **sizes),
        seen=pilot.value,
    )


def _mean_power(ahead: float, seeds: int, freedom: float) -> float:
    """ahead: the effect in standard errors, as the pilot has them."""
    cells: NDArray[np.float64] = (np.arange(_CELLS) + 0.5) / _CELLS
    wider = np.sqrt(special.chdtri(freedom, cells) / freedom)
    quantile = special.stdtrit(seeds - 1, 0.5 + LEVEL / 2)
    missed = special.nctdtr(seeds - 1, ahead * wider, quantile)
    beyond = special.nctdtr(seeds - 1, ahead * wider, -quantile)
    return float(np.mean(1 - np.nan_to_num(missed) + np.nan_to_num(beyond)))  # NaN: out of reach
