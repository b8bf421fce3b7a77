"""How far two samples lie apart, with a 95 % interval by a bootstrap over shoppers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from simulator.realism.measures import How, ShopperSample
from simulator.realism.observed import Floats
from simulator.realism.popularity import gini, zipf

RESAMPLES = 200
SMOOTHED = 0.5
"""Added to each cell of a Kullback-Leibler divergence, which is infinite where one is empty."""

_OF_POPULARITY = {"gini": gini, "zipf": zipf}
"""How unequal items are, of the items of looks."""


@dataclass(frozen=True)
class Apart:
    """real, simulated: mean, Gini, Zipf exponent, or the share of the cell that differs most.

    distance: Wasserstein, the difference of Ginis or exponents, or the Kullback-Leibler divergence
    of the simulated shares from the real ones, in nats.
    """

    real: float
    simulated: float
    distance: float
    low: float | None
    """Unknown of popularity: drawing shoppers twice makes items more unequal than they are."""
    high: float | None
    cell: int | None = None
    """The category or place whose share differs most, where cells are compared."""


def apart(
    real: ShopperSample, simulated: ShopperSample, *, how: How, rng: np.random.Generator
) -> Apart:
    """The interval is the basic bootstrap's: what resampling adds to a distance, sampling added
    too, and it is taken off. It ends at 0, since no distance is smaller.
    """
    if how in _OF_POPULARITY:
        theirs, ours = (_OF_POPULARITY[how](one.values) for one in (real, simulated))
        return Apart(theirs, ours, abs(theirs - ours), None, None)
    distance = _wasserstein if how == "wasserstein" else _divergence
    ones = (np.ones(len(one.values)) for one in (real, simulated))
    value = distance(real, simulated, *ones)
    drawn = [
        distance(real, simulated, drawn_of(real, rng), drawn_of(simulated, rng))
        for _ in range(RESAMPLES)
    ]
    ends = 2 * value - np.nanquantile(drawn, [0.975, 0.025])
    low, high = np.maximum(ends, 0.0).tolist()
    if how == "kl":
        cell, theirs, ours = _most_unlike(real, simulated)
        return Apart(theirs, ours, value, low, high, cell)
    means = [float(np.mean(one.values)) for one in (real, simulated)]
    return Apart(means[0], means[1], value, low, high)


def far(a: ShopperSample, b: ShopperSample, how: How) -> float:
    """The distance alone."""
    if how in _OF_POPULARITY:
        return abs(_OF_POPULARITY[how](a.values) - _OF_POPULARITY[how](b.values))
    of_a, of_b = np.ones(len(a.values)), np.ones(len(b.values))
    return (_wasserstein if how == "wasserstein" else _divergence)(a, b, of_a, of_b)


def drawn_of(sample: ShopperSample, rng: np.random.Generator) -> Floats:
    """How often each value comes when whole shoppers are drawn with replacement, float64 [n]."""
    _, who = np.unique(sample.shopper, return_inverse=True)
    n = int(who.max(initial=-1)) + 1
    return np.bincount(rng.integers(0, n, n), minlength=n)[who].astype(np.float64)


def cells_of(real: ShopperSample, simulated: ShopperSample) -> Floats:
    """The categories that either side has, or the places that both show, float64 [n_cells]."""
    if real.hits is None:
        return np.union1d(real.values, simulated.values)
    return np.intersect1d(real.values, simulated.values)


def shares(sample: ShopperSample, weights: Floats, cells: Floats) -> Floats:
    """Of each cell, float64 [n_cells], together 1; of places, were all shown as often."""
    at = np.minimum(np.searchsorted(cells, sample.values), len(cells) - 1)
    weights = weights * (cells[at] == sample.values)
    n = len(cells)
    hits = weights if sample.hits is None else weights * sample.hits
    found = np.bincount(at, hits, minlength=n) + SMOOTHED
    if sample.hits is not None:
        found /= np.bincount(at, weights, minlength=n) + 2 * SMOOTHED
    whole: Floats = found / found.sum()
    return whole


def _wasserstein(a: ShopperSample, b: ShopperSample, of_a: Floats, of_b: Floats) -> float:
    """NaN where a drawing left nothing."""
    if not (of_a.sum() and of_b.sum()):
        return float("nan")
    return float(wasserstein_distance(a.values, b.values, of_a, of_b))


def _divergence(a: ShopperSample, b: ShopperSample, of_a: Floats, of_b: Floats) -> float:
    """Of the second from the first, in nats; NaN where a drawing left nothing."""
    if not (of_a.sum() and of_b.sum()):
        return float("nan")
    cells = cells_of(a, b)
    p, q = shares(a, of_a, cells), shares(b, of_b, cells)
    return float((p * np.log(p / q)).sum())


def _most_unlike(real: ShopperSample, simulated: ShopperSample) -> tuple[int, float, float]:
    """The cell whose share differs most, and its share on both sides."""
    cells = cells_of(real, simulated)
    p, q = (shares(one, np.ones(len(one.values)), cells) for one in (real, simulated))
    most = int(np.argmax(np.abs(p - q)))
    return int(cells[most]), float(p[most]), float(q[most])
