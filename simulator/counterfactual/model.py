"""A plain model of clicks: the attraction of an item by how its score ranks, cross-fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.counterfactual.chances import Floats
from simulator.counterfactual.logged import Ints, Logged, Marks

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


@dataclass(frozen=True)
class ClickModel:
    """Clicks per examination by the bin of the score, for each fold from the others."""

    edges: Floats
    """[BINS - 1]"""
    rates: Floats
    """[FOLDS, BINS]"""
    fold: Ints
    """[n]: of each request."""

    def of(self, score: Floats, is_there: Marks) -> Floats:
        """[n, k]: the attraction of items with these scores; 0 where nothing is."""
        bins = np.searchsorted(self.edges, np.nan_to_num(score), side="right")
        return np.where(is_there, self.rates[self.fold[:, None], bins], 0.0)


def attraction(log: Logged, by_place: Floats) -> Attraction:
    """What the model of a log says of the items shown and of the target's slates.

    by_place: [k], examinations. Raises ValueError for a log without scores.
    """
    model = click_model(log, by_place)
    if log.score is None or log.target_score is None:
        raise ValueError("a model of clicks needs scores")
    return Attraction(model.of(log.score, log.is_shown), model.of(log.target_score, log.on_slate))


def click_model(log: Logged, by_place: Floats) -> ClickModel:
    """By bins of the score; a unit's own clicks never speak of its own requests.

    by_place: [k], examinations. Raises ValueError for a log without scores.
    """
    if log.score is None:
        raise ValueError("a model of clicks needs scores")
    shown = log.is_shown
    edges = np.quantile(log.score[shown], np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, np.nan_to_num(log.score), side="right")
    fold = np.unique(log.unit, return_inverse=True)[1] % FOLDS
    highest = max(by_place.max(initial=0.0), 1e-300)
    looks = np.where(shown, by_place, 0.0) / highest
    rates = np.zeros((FOLDS, BINS))
    for number in range(FOLDS):
        others = fold != number
        rates[number] = _rates(bins[others], log.clicked[others], looks[others]) / highest
    return ClickModel(edges, rates, fold)


def _rates(bins: np.ndarray, clicked: Floats, looks: Floats) -> Floats:
    """[BINS]: clicks per look, drawn towards the mean of all."""
    clicks = np.bincount(bins.ravel(), clicked.ravel(), minlength=BINS)
    seen = np.bincount(bins.ravel(), looks.ravel(), minlength=BINS)
    mean = clicks.sum() / max(float(seen.sum()), 1e-300)
    return np.asarray((clicks + PRIOR * mean) / (seen + PRIOR))
