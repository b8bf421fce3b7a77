"""Where simulated moments meet those of a log, how sure that is, and what cannot be told.

Simulated moments with common random numbers: McFadden, Econometrica 57 (1989). The covariance is
that of the moments over simulated shops, so it holds the luck of the shoppers and of the shop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Simulate = Callable[[Floats], Floats]
"""Numbers [n_numbers] to the moments of several shops, [n_shops, n_moments]."""

ROUNDS = 2
"""Gauss-Newton steps; each takes a simulation for every number and one more."""
STEP = 0.08
"""Of a number's range: how far it is moved to see what that does. Less, and few draws change."""
WEAK = 0.35
"""A number whose interval is wider than this on either side, as a share of its range, is not
told.
"""
CONFIDENCE = 0.95
FLOOR = 0.03
"""Of the sd of a moment: none is believed further, though all simulated shops agree on it. A moment
whose shops cannot differ (nobody came twice) says nothing about the log's luck.
"""


@dataclass(frozen=True)
class FreeNumber:
    """A number of the world that a log may tell, and where it is looked for."""

    name: str
    low: float
    high: float

    @property
    def width(self) -> float:
        """Of the range."""
        return self.high - self.low


@dataclass(frozen=True)
class FittedNumbers:
    """Values and half-widths of the 95 % intervals [n_told], and which numbers they are."""

    told: tuple[int, ...]
    value: Floats
    half: Floats


def evaluations(n_numbers: int) -> int:
    """How many simulations a search takes at most."""
    return (ROUNDS + 1) * (n_numbers + 1)


def search(
    simulate: Simulate, wanted: Floats, numbers: Sequence[FreeNumber], start: Floats
) -> FittedNumbers:
    """Fit the numbers; start: theirs in the preset, which those that are not told keep."""
    values = start.copy()
    told = list(range(len(numbers)))
    for _ in range(ROUNDS):
        shops, slope = _slopes(simulate, values, numbers)
        told = _told(shops, slope, numbers, told)
        values = _restored(values, start, told)
        move = _solver(shops, slope[:, told]) @ (wanted - shops.mean(0))
        values[told] = _within(values[told] + move, values[told], numbers, told)
    shops, slope = _slopes(simulate, values, numbers)
    told = _told(shops, slope, numbers, told)
    values = _restored(values, start, told)
    solver = _solver(shops, slope[:, told])
    last = values[told] + solver @ (wanted - shops.mean(0))
    values[told] = _within(last, values[told], numbers, told)
    return FittedNumbers(tuple(told), values[told], _half_widths(shops, solver))


def _slopes(
    simulate: Simulate, values: Floats, numbers: Sequence[FreeNumber]
) -> tuple[Floats, Floats]:
    """Moments of the shops here, and what moves with each number: [n_moments, n_numbers]."""
    here = simulate(values)
    columns = []
    for place, number in enumerate(numbers):
        size = STEP * number.width
        step = size if values[place] + size <= number.high else -size
        there = values.copy()
        there[place] += step
        columns.append((simulate(there).mean(0) - here.mean(0)) / step)
    return here, np.stack(columns, axis=1)


def _solver(shops: Floats, slope: Floats) -> Floats:
    """From a difference of moments to one of numbers, [n_numbers, n_moments]: least squares, each
    moment weighed by its variance over shops.
    """
    variance = shops.var(0, ddof=1)
    weight = 1 / (variance + FLOOR**2)
    weighed = slope.T * weight
    return np.asarray(np.linalg.pinv(weighed @ slope, rcond=1e-8) @ weighed)


def _half_widths(shops: Floats, solver: Floats) -> Floats:
    """The log is one more such shop; the simulated mean is that of n. Student's t with n - 1."""
    n = len(shops)
    each = (shops - shops.mean(0)) @ solver.T
    floor = FLOOR**2 * (solver**2).sum(1)
    error = np.sqrt((each.var(0, ddof=1) + floor) * (1 + 1 / n))
    return np.asarray(error * stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))


def _told(
    shops: Floats, slope: Floats, numbers: Sequence[FreeNumber], told: Sequence[int]
) -> list[int]:
    """The numbers without the weakest one, as long as one is too weak."""
    left = list(told)
    while left:
        half = _half_widths(shops, _solver(shops, slope[:, left]))
        still = np.abs(slope[:, left]).max(0) < 1e-9  # nothing moves with it
        share = np.where(still, np.inf, half / np.array([numbers[one].width for one in left]))
        worst = int(np.argmax(share))
        if share[worst] <= WEAK:
            break
        del left[worst]
    return left


def _restored(values: Floats, start: Floats, told: Sequence[int]) -> Floats:
    """Those that are not told are the preset's again."""
    kept = start.copy()
    kept[list(told)] = values[list(told)]
    return kept


def _within(
    values: Floats, before: Floats, numbers: Sequence[FreeNumber], told: Sequence[int]
) -> Floats:
    """Inside the ranges, and no step further than half of one."""
    width = np.array([numbers[one].width for one in told])
    low = np.array([numbers[one].low for one in told])
    step = np.clip(values - before, -width / 2, width / 2)
    return np.clip(before + step, low, low + width)
