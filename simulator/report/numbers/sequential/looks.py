"""A difference seen again and again while it grows: what each look may conclude."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from simulator.report.numbers.sequential import confidence_sequence, spending
from simulator.report.numbers.statistics import Estimate


@dataclass(frozen=True)
class SeenSoFar:
    """The difference at one look."""

    at: int
    """The day, or the number of seeds."""
    value: float
    variance: float
    """Of the value."""
    units: int
    """Shoppers or seeds that it is over."""


@dataclass(frozen=True)
class Look:
    """A difference and where it lies with 95 % confidence at all looks at once; NaN: no interval
    yet.
    """

    at: int
    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether one may stop here: 0 lies outside."""
        return self.low > 0 or self.high < 0


def by_day(day: int, a: Estimate, b: Estimate) -> SeenSoFar:
    """The difference a - b until a day, for runs whose row s is one shopper."""
    influence = a.influence - b.influence
    units = int((a.is_unit | b.is_unit).sum())
    variance = float(np.square(influence).sum()) * units / (units - 1) if units > 1 else np.nan
    return SeenSoFar(day, a.value - b.value, variance, units)


def by_seeds(differences: Sequence[float]) -> list[SeenSoFar]:
    """The mean of the first 2, 3, ... differences, one a seed; undefined ones are left out."""
    known = np.array([one for one in differences if not np.isnan(one)])
    return [
        SeenSoFar(n, float(known[:n].mean()), float(known[:n].var(ddof=1)) / n, n)
        for n in range(2, len(known) + 1)
    ]


def until(seen: Sequence[SeenSoFar], last: int) -> list[Look]:
    """Looks on the way to a last one that is known; what was seen behind it is left out."""
    kept = [one for one in _usable(seen) if one.at <= last]
    zs = spending.bounds([one.at / last for one in kept], [1 / one.variance for one in kept])
    return [reaching(one, _student(z, one.units - 1)) for one, z in zip(kept, zs, strict=True)]


def open_ended(seen: Sequence[SeenSoFar], *, over_seeds: bool) -> list[Look]:
    """Looks without an end."""
    kept = _usable(seen)
    if over_seeds:
        return [reaching(one, confidence_sequence.student_t(one.units)) for one in kept]
    if not kept:
        return []
    tuned_at = confidence_sequence.TUNED_LOOKS / kept[0].variance
    return [
        reaching(
            one,
            _student(
                confidence_sequence.normal_z(1 / one.variance, tuned_at=tuned_at), one.units - 1
            ),
        )
        for one in kept
    ]


def first_clear(looks: Sequence[Look]) -> Look | None:
    """The first look at which one could have stopped."""
    return next((one for one in looks if one.is_clear), None)


def _usable(seen: Sequence[SeenSoFar]) -> list[SeenSoFar]:
    """Those over two units or more that vary."""
    return [one for one in seen if one.units > 1 and one.variance > 0 and not np.isnan(one.value)]


def _student(z: float, freedom: int) -> float:
    """As improbable in Student's t as z is in the normal."""
    return -float(special.stdtrit(freedom, special.ndtr(-z)))


def reaching(seen: SeenSoFar, reach: float) -> Look:
    """The interval that reaches so many standard errors either side; infinite: none."""
    half = reach * seen.variance**0.5
    if not np.isfinite(half):
        return Look(seen.at, seen.value, np.nan, np.nan)
    return Look(seen.at, seen.value, seen.value - half, seen.value + half)
