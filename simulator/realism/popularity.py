"""How unequal items are in what is looked at: Gini coefficient and Zipf exponent."""

from __future__ import annotations

import numpy as np

from simulator.realism.observed import Floats

HALVINGS = 30
STEEPEST = 8.0
"""An exponent beyond it is told as this: one item has nearly everything."""


def gini(items: Floats) -> float:
    """How unequal the items of looks are: 0, all as often; near 1, one alone."""
    counts = np.sort(np.unique(items, return_counts=True)[1])
    n = len(counts)
    rank = np.arange(1, n + 1)
    return float(((2 * rank - n - 1) * counts).sum() / (n * counts.sum()))


def ranked(items: Floats) -> Floats:
    """Looks by item, the most looked at first, float64 [n_items]."""
    counts = np.unique(items, return_counts=True)[1]
    found: Floats = np.sort(counts)[::-1].astype(np.float64)
    return found


def zipf(items: Floats) -> float:
    """The exponent s by which looks fall with an item's rank r, as r**-s: the maximum likelihood
    over the ranks that were looked at. 0: all as often.
    """
    counts = ranked(items)
    log_rank = np.log(np.arange(1, len(counts) + 1))
    wanted = float((counts * log_rank).sum() / max(counts.sum(), 1.0))
    low, high = 0.0, STEEPEST
    for _ in range(HALVINGS):
        exponent = (low + high) / 2
        chance = np.exp(-exponent * log_rank)
        is_flat = float((chance * log_rank).sum() / chance.sum()) > wanted
        low, high = (exponent, high) if is_flat else (low, exponent)
    return low
