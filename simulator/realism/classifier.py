"""What gives the simulation away: a classifier that tells real visits from simulated ones, for
`realism` and for `world fit`.

A classifier two-sample test (Lopez-Paz and Oquab 2017): a logistic regression on what was counted
in a visit, asked about shoppers from whom it did not learn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from db.events import Kind
from simulator.realism.distances import RESAMPLES, drawn_of
from simulator.realism.measures import ShopperSample, duration
from simulator.realism.observed import LOOK, TIMED, Floats, Ints, Observed

NEWTON_STEPS = 8
RIDGE = 1e-2
"""Keeps the weights finite where the two are apart entirely."""
COUNTS = {
    "looks": LOOK,
    "carts": int(Kind.CART),
    "purchases": int(Kind.PURCHASE),
    "slates": int(Kind.IMPRESSION),
}


@dataclass(frozen=True)
class ToldApart:
    """The area under the curve: 0.5 not at all, 1 always; NaN where shoppers are too few to learn
    from some and ask others. alone: that of each feature by itself, the largest first.
    """

    value: float
    low: float
    high: float
    alone: dict[str, float]


def told_apart(real: Observed, simulated: Observed, rng: np.random.Generator) -> ToldApart:
    """One half of the shoppers teaches, the other is asked. Asking each half in turn would make the
    scores depend on one another, and the interval too narrow: it is a bootstrap over the asked.
    """
    parts = [features(real), features(simulated)]
    rows = np.concatenate([np.column_stack(list(one.values())) for one in parts])
    is_real = np.repeat([True, False], [len(real.shopper), len(simulated.shopper)])
    shopper = np.concatenate([real.shopper, simulated.shopper])
    if not _is_enough(is_real, shopper):
        return ToldApart(math.nan, math.nan, math.nan, {})
    score, asked = _asked(rows, is_real, shopper)
    rows, is_real, shopper = rows[asked], is_real[asked], shopper[asked]
    owner = [ShopperSample(score[is_real == one], shopper[is_real == one]) for one in (True, False)]
    drawn = []
    for _ in range(RESAMPLES):
        weights = np.concatenate([drawn_of(one, rng) for one in owner])
        drawn.append(area(score, is_real, weights))
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    ones = np.ones(len(score))
    alone = {
        name: max(one, 1 - one)
        for place, name in enumerate(parts[0])
        for one in [area(rows[:, place], is_real, ones)]
    }
    ranked = dict(sorted(alone.items(), key=lambda one: -one[1]))
    return ToldApart(area(score, is_real, ones), low, high, ranked)


def features(seen: Observed) -> dict[str, Floats]:
    """What is counted in a visit, float64 [n_visits] each; only what the log records."""
    found = {
        name: np.log1p(seen.counts(kind)) for name, kind in COUNTS.items() if kind in seen.known
    }
    visits = np.bincount(seen.shopper, minlength=seen.n_shoppers)[seen.shopper]
    if TIMED in seen.known:
        found["length of the visit"] = np.log1p(duration(seen))
    return found | {"visits of its shopper": np.log(visits.astype(np.float64))}


def area(score: Floats, is_real: NDArray[np.bool_], weights: Floats) -> float:
    """Weighted probability that a real visit scores above a simulated one, ties counting half."""
    _, place = np.unique(score, return_inverse=True)
    real = np.bincount(place, weights * is_real)
    other = np.bincount(place, weights * ~is_real)
    below = np.cumsum(other) - other
    return float((real * (below + other / 2)).sum() / (real.sum() * other.sum()))


def _is_enough(is_real: NDArray[np.bool_], shopper: Ints) -> bool:
    """Whether there are visits of both kinds to learn from, and to ask."""
    half = 2 * is_real + shopper % 2
    return len(np.unique(half)) == 4


def _asked(rows: Floats, is_real: NDArray[np.bool_], shopper: Ints) -> tuple[Floats, Ints]:
    """Scores of every other shopper's visits, by a classifier that saw the others, and which visits
    these are.
    """
    scale = rows.std(0)
    rows = (rows - rows.mean(0)) / np.where(scale > 0, scale, 1.0)
    rows = np.column_stack([rows, rows**2, np.ones(len(rows))])
    learns = shopper % 2 == 0
    asked = np.flatnonzero(~learns)
    score: Floats = rows[asked] @ _fitted(rows[learns], is_real[learns])
    return score, asked


def _fitted(rows: Floats, is_real: NDArray[np.bool_]) -> Floats:
    """Weights of a logistic regression by Newton's method; both kinds weigh the same in all."""
    n_real = max(int(is_real.sum()), 1)
    each = np.where(is_real, 0.5 / n_real, 0.5 / max(len(rows) - n_real, 1))
    weights = np.zeros(rows.shape[1])
    ridge = RIDGE * np.eye(len(weights))
    for _ in range(NEWTON_STEPS):
        chance = expit(np.clip(rows @ weights, -30, 30))
        slope = rows.T @ (each * (is_real - chance)) - ridge @ weights
        bend = (rows.T * (each * chance * (1 - chance))) @ rows + ridge
        weights = weights + np.linalg.solve(bend, slope)
    return weights
