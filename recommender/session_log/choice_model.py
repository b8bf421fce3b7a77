"""Conditional logit: which of its candidates a session takes next, learned from sessions that took
one.

McFadden, Conditional logit analysis of qualitative choice behavior (1974); fitted by L-BFGS with a
ridge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

RIDGE = 1.0
"""The squared weight of a feature in standard deviations costs half so many nats of likelihood."""


@dataclass(frozen=True)
class ChoiceModel:
    """Score = sum over features of weight * (feature - mean) / spread; float64 [n_features]
    each.
    """

    mean: Floats
    spread: Floats
    weight: Floats

    def score(self, features: Floats) -> Floats:
        """Scores float64 [n] of candidates, features [n, n_features]."""
        return _times(features - self.mean, self.weight / self.spread)


def fit(case: Longs, features: Floats, is_taken: NDArray[np.bool_]) -> ChoiceModel:
    """The weights that make what was taken most likely; cases without a taken candidate are left
    out.

    case int64 [n], sorted; features float64 [n, n_features]; is_taken bool [n], at most one a case.
    Without a case that took something, all weights are 0.
    """
    mean = features.mean(axis=0)
    spread = np.maximum(features.std(axis=0), 1e-9)
    taken = case[is_taken]
    kept = np.isin(case, taken)
    if not kept.any():
        return ChoiceModel(mean, spread, np.zeros(features.shape[1]))
    standard = (features[kept] - mean) / spread
    begin = np.flatnonzero(np.append(True, np.diff(case[kept]) > 0))
    group = np.repeat(np.arange(len(begin)), np.diff(np.append(begin, len(standard))))
    chosen = standard[is_taken[kept]].sum(axis=0)

    def cost(weight: Floats) -> tuple[float, Floats]:
        score = _times(standard, weight)
        top = np.maximum.reduceat(score, begin)
        share = np.exp(score - top[group])
        total = np.add.reduceat(share, begin)
        share /= total[group]
        likelihood = float(chosen @ weight) - float((top + np.log(total)).sum())
        return (
            RIDGE * float(weight @ weight) / 2 - likelihood,
            RIDGE * weight - chosen + np.einsum("ij,i->j", standard, share),
        )

    found = minimize(
        cost, np.zeros(standard.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 80}
    )
    return ChoiceModel(mean, spread, np.asarray(found.x, dtype=np.float64))


def _times(rows: Floats, weight: Floats) -> Floats:
    """Rows [n, m] times weight [m], without BLAS: its threads wait for each other on a busy
    machine, and its sums depend on how many there are.
    """
    return np.asarray(np.einsum("ij,j->i", rows, weight))
