"""A plain model of clicks: the attraction of an item by how its score ranks, cross-fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.counterfactual.logged import Floats, Logged

BINS = 20
FOLDS = 5
PRIOR = 20.0
"""Looks at which a bin's own rate counts as much as the mean of all."""


@dataclass(frozen=True)
class Attraction:
    """Clicks per examination of items, 0 for padding."""

    shown: Floats
    """[n, k]: of the items shown."""
    target: Floats
    """[n, k]: of the target's slate."""


def attraction(log: Logged, by_place: Floats) -> Attraction:
    """By bins of the score; a unit's own clicks never speak of its own requests.

    by_place: [k], examinations. Raises ValueError for a log without scores.
    """
    if log.score is None or log.target_score is None:
        raise ValueError("a model of clicks needs scores")
    shown = log.is_shown
    on_slate = np.arange(len(by_place)) < log.places[:, None]
    edges = np.quantile(log.score[shown], np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, np.nan_to_num(log.score), side="right")
    target_bins = np.searchsorted(edges, np.nan_to_num(log.target_score), side="right")
    fold = np.unique(log.unit, return_inverse=True)[1] % FOLDS
    found = Attraction(np.zeros(bins.shape), np.zeros(bins.shape))
    looks = np.where(shown, by_place, 0.0) / max(by_place.max(initial=0.0), 1e-300)
    for number in range(FOLDS):
        others = fold != number
        rates = _rates(bins[others], log.clicked[others], looks[others])
        rates = rates / max(by_place.max(initial=0.0), 1e-300)
        mine = ~others
        found.shown[mine] = np.where(shown[mine], rates[bins[mine]], 0.0)
        found.target[mine] = np.where(on_slate[mine], rates[target_bins[mine]], 0.0)
    return found


def _rates(bins: np.ndarray, clicked: Floats, looks: Floats) -> Floats:
    """[BINS]: clicks per look, drawn towards the mean of all."""
    clicks = np.bincount(bins.ravel(), clicked.ravel(), minlength=BINS)
    seen = np.bincount(bins.ravel(), looks.ravel(), minlength=BINS)
    mean = clicks.sum() / max(float(seen.sum()), 1e-300)
    return np.asarray((clicks + PRIOR * mean) / (seen + PRIOR))
