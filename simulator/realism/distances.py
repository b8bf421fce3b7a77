"""How far two samples lie apart, with a 95 % interval by a bootstrap over shoppers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from simulator.realism.measures import Sample
from simulator.realism.observed import Floats

RESAMPLES = 200


@dataclass(frozen=True)
class Apart:
    """real, simulated: mean or Gini; distance: Wasserstein, or the difference of the Ginis."""

    real: float
    simulated: float
    distance: float
    low: float
    high: float


def apart(real: Sample, simulated: Sample, *, is_gini: bool, rng: np.random.Generator) -> Apart:
    """The interval is the basic bootstrap's: what resampling adds to a distance, sampling added
    too, and it is taken off. It ends at 0, since no distance is smaller.
    """
    ones = np.ones(len(real.values)), np.ones(len(simulated.values))
    distance = _distance(real, simulated, *ones, is_gini=is_gini)
    drawn = [
        _distance(real, simulated, drawn_of(real, rng), drawn_of(simulated, rng), is_gini=is_gini)
        for _ in range(RESAMPLES)
    ]
    ends = 2 * distance - np.nanquantile(drawn, [0.975, 0.025])
    low, high = np.maximum(ends, 0.0).tolist()
    value = gini if is_gini else _mean
    return Apart(value(real.values, ones[0]), value(simulated.values, ones[1]), distance, low, high)


def drawn_of(sample: Sample, rng: np.random.Generator) -> Floats:
    """How often each value comes when whole shoppers are drawn with replacement, float64 [n]."""
    _, who = np.unique(sample.shopper, return_inverse=True)
    n = int(who.max(initial=-1)) + 1
    return np.bincount(rng.integers(0, n, n), minlength=n)[who].astype(np.float64)


def gini(items: Floats, weights: Floats) -> float:
    """How unequal the items of looks are: 0, all as often; near 1, one alone."""
    _, which = np.unique(items, return_inverse=True)
    counts = np.sort(np.bincount(which, weights))
    counts = counts[counts > 0]
    n = len(counts)
    rank = np.arange(1, n + 1)
    return float(((2 * rank - n - 1) * counts).sum() / (n * counts.sum()))


def _mean(values: Floats, weights: Floats) -> float:
    return float(np.average(values, weights=weights))


def _distance(a: Sample, b: Sample, of_a: Floats, of_b: Floats, *, is_gini: bool) -> float:
    """NaN where a drawing left nothing."""
    if not (of_a.sum() and of_b.sum()):
        return float("nan")
    if is_gini:
        return abs(gini(a.values, of_a) - gini(b.values, of_b))
    return float(wasserstein_distance(a.values, b.values, of_a, of_b))
