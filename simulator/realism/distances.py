"""How far two samples lie apart, with a 95 % interval by a bootstrap over shoppers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from simulator.realism.measures import ShopperSample
from simulator.realism.observed import Floats

RESAMPLES = 200


@dataclass(frozen=True)
class Apart:
    """real, simulated: mean or Gini; distance: Wasserstein, or the difference of the Ginis."""

    real: float
    simulated: float
    distance: float
    low: float | None
    """Unknown of a Gini: drawing shoppers twice makes items more unequal than they are."""
    high: float | None


def apart(
    real: ShopperSample, simulated: ShopperSample, *, is_gini: bool, rng: np.random.Generator
) -> Apart:
    """The interval is the basic bootstrap's: what resampling adds to a distance, sampling added
    too, and it is taken off. It ends at 0, since no distance is smaller.
    """
    if is_gini:
        ours, theirs = (gini(one.values) for one in (simulated, real))
        return Apart(theirs, ours, abs(theirs - ours), None, None)
    distance = _distance(real, simulated, *(np.ones(len(one.values)) for one in (real, simulated)))
    drawn = [
        _distance(real, simulated, drawn_of(real, rng), drawn_of(simulated, rng))
        for _ in range(RESAMPLES)
    ]
    ends = 2 * distance - np.nanquantile(drawn, [0.975, 0.025])
    low, high = np.maximum(ends, 0.0).tolist()
    return Apart(float(np.mean(real.values)), float(np.mean(simulated.values)), distance, low, high)


def drawn_of(sample: ShopperSample, rng: np.random.Generator) -> Floats:
    """How often each value comes when whole shoppers are drawn with replacement, float64 [n]."""
    _, who = np.unique(sample.shopper, return_inverse=True)
    n = int(who.max(initial=-1)) + 1
    return np.bincount(rng.integers(0, n, n), minlength=n)[who].astype(np.float64)


def gini(items: Floats) -> float:
    """How unequal the items of looks are: 0, all as often; near 1, one alone."""
    counts = np.sort(np.unique(items, return_counts=True)[1])
    n = len(counts)
    rank = np.arange(1, n + 1)
    return float(((2 * rank - n - 1) * counts).sum() / (n * counts.sum()))


def _distance(a: ShopperSample, b: ShopperSample, of_a: Floats, of_b: Floats) -> float:
    """NaN where a drawing left nothing."""
    if not (of_a.sum() and of_b.sum()):
        return float("nan")
    return float(wasserstein_distance(a.values, b.values, of_a, of_b))
