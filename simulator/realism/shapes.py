"""The shapes behind the measures, small enough for the page: shares, ranks and places."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.realism.distances import cells_of, shares
from simulator.realism.measures import ShopperSample
from simulator.realism.popularity import ranked

SPREAD = ("looks a visit", "length of a visit", "time between events", "time to the next visit")
"""Measures whose whole distribution is shown."""
POINTS = 41
"""Of a distribution: its quantiles."""
MOST_RANKS = 60


def shapes(real: dict[str, ShopperSample], simulated: dict[str, ShopperSample]) -> dict[str, Any]:
    """By measure, `real` and `simulated` of each: quantiles from the least to the most [41]; of
    popularity the share of looks by `rank`; of clicks by position their share by `place`.
    """
    both = [name for name in real if name in simulated]
    found: dict[str, Any] = {
        name: _pair(_quantiles, real[name], simulated[name]) for name in SPREAD if name in both
    }
    if "popularity by rank" in both:
        samples = real["popularity by rank"], simulated["popularity by rank"]
        found["popularity by rank"] = _pair(_ranks, *samples)
    if "clicks by position" in both:
        samples = real["clicks by position"], simulated["clicks by position"]
        cells = cells_of(*samples)
        found["clicks by position"] = {
            "place": cells.astype(int).tolist(),
            **_pair(lambda one: shares(one, np.ones(len(one.values)), cells).tolist(), *samples),
        }
    return found


def _pair(of: Any, real: ShopperSample, simulated: ShopperSample) -> dict[str, Any]:
    return {"real": of(real), "simulated": of(simulated)}


def _quantiles(sample: ShopperSample) -> list[float]:
    return [float(one) for one in np.quantile(sample.values, np.linspace(0, 1, POINTS))]


def _ranks(sample: ShopperSample) -> dict[str, list[float]]:
    """Some ranks, the first ones all, and the share of looks of each."""
    counts = ranked(sample.values)
    at = np.unique(np.geomspace(1, len(counts), MOST_RANKS).astype(int))
    return {"rank": at.tolist(), "share": (counts[at - 1] / counts.sum()).tolist()}
