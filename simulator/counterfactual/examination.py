"""How probable it is that a place is looked at, up to a factor, estimated from a log with
propensities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.counterfactual.chances import Floats
from simulator.counterfactual.logged import Logged


@dataclass(frozen=True)
class Examination:
    """The clicks that a place gives an item drawn by lot; in proportion to the examination."""

    by_place: Floats
    """[k]"""
    influence: Floats
    """[n, k]: how far each request moved it."""


def examination(log: Logged) -> Examination:
    """By inverse propensities: as if every item that may be shown came to each place equally often.

    A place that nobody clicked has 0.
    """
    shown = log.is_shown
    own = np.where(shown, log.own(log.logger), 1.0)
    inverse = np.where(shown, 1.0 / np.maximum(own, np.finfo(np.float64).tiny), 0.0)
    items = np.maximum(inverse.sum(axis=0), np.finfo(np.float64).tiny)
    by_place = (inverse * log.clicked).sum(axis=0) / items
    return Examination(by_place, inverse * (log.clicked - by_place) / items)
