"""How well a visit of a log can be told from a simulated one: 0.5 is not at all, 1 always.

A classifier two-sample test (Lopez-Paz and Oquab 2017): a logistic regression on what was counted
in a visit, asked about shoppers that it did not learn from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import rankdata

from simulator.fitting.seen import SeenVisits

Floats = NDArray[np.float64]
FOLDS = 5
NEWTON_STEPS = 8
RIDGE = 1e-2
"""Keeps the regression finite where the two are apart entirely."""


def told_apart(real: SeenVisits, simulated: SeenVisits) -> float:
    """The area under the curve, over the folds of the shoppers; NaN without visits of both."""
    if not (len(real) and len(simulated)):
        return float("nan")
    parts = [_features(real), _features(simulated)]
    mean, scale = parts[0].mean(0), parts[0].std(0)
    rows = (np.concatenate(parts) - mean) / np.where(scale > 0, scale, 1.0)
    rows = np.column_stack([rows, rows**2, np.ones(len(rows))])
    is_real = np.repeat([1.0, 0.0], [len(part) for part in parts])
    fold = np.concatenate([real.shopper, simulated.shopper]) % FOLDS
    score = np.zeros(len(rows))
    for one in range(FOLDS):
        asked = fold == one
        score[asked] = rows[asked] @ _fitted(rows[~asked], is_real[~asked])
    return _area(score, is_real)


def _features(seen: SeenVisits) -> Floats:
    _, who, visits = np.unique(seen.shopper, return_inverse=True, return_counts=True)
    counted = (seen.slates, seen.looks, seen.carts, seen.purchases)
    return np.column_stack([*(np.log1p(one) for one in counted), visits[who] / seen.days])


def _fitted(rows: Floats, is_real: Floats) -> Floats:
    """Weights of a logistic regression, by Newton's method; both kinds weigh the same."""
    n_real = max(is_real.sum(), 1.0)
    each = np.where(is_real > 0, 0.5 / n_real, 0.5 / max(len(rows) - n_real, 1.0)) * len(rows)
    weights = np.zeros(rows.shape[1])
    for _ in range(NEWTON_STEPS):
        chance = expit(np.clip(rows @ weights, -30, 30))
        slope = rows.T @ (each * (is_real - chance)) - RIDGE * len(rows) * weights
        bend = (rows.T * (each * chance * (1 - chance))) @ rows
        weights = weights + np.linalg.solve(bend + RIDGE * len(rows) * np.eye(len(bend)), slope)
    return weights


def _area(score: Floats, is_real: Floats) -> float:
    n = float(is_real.sum())
    ranks = rankdata(score)[is_real > 0].sum()
    return float((ranks - n * (n + 1) / 2) / (n * (len(score) - n)))
