"""Several differences looked at together: p values that hold for the whole family of headlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

HEADLINES = (
    "ctr_late_expected",
    "hit_rate",
    "session_click_rate",
    "cart_rate",
    "conversion_rate",
    "revenue_per_session",
)
"""The measures of the short table, by stem: the family that is corrected. All else explores."""
DRAWS = 4000
_SEED = 13
"""Of the multipliers: the same runs give the same p."""

Floats = NDArray[np.float64]


def is_headline(metric: str) -> bool:
    """Whether a measure belongs to the family."""
    return metric.partition("@")[0] in HEADLINES


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down p values (Scandinavian Journal of Statistics 6, 1979); NaN stays NaN and
    does not count.
    """
    known = sorted((name for name in ps if not np.isnan(ps[name])), key=lambda name: ps[name])
    adjusted = dict.fromkeys(ps, np.nan)
    least = 0.0
    for place, name in enumerate(known):
        least = max(least, min(1.0, (len(known) - place) * ps[name]))
        adjusted[name] = least
    return adjusted


def max_t(values: Sequence[float], influences: Sequence[Floats]) -> list[float]:
    """The p of each value by the largest of all studentised values, so that they hold together.

    values [m] and their influences float64 [n_shoppers] each. Gaussian multipliers on the shoppers
    keep how the measures hang together (Chernozhukov, Chetverikov, Kato, Annals of Statistics 41,
    2013). NaN where a value is undefined or nothing varied.
    """
    moved = np.array(influences, np.float64).reshape(len(values), -1)
    error = np.sqrt(np.square(moved).sum(axis=1))
    found = np.array(values, np.float64)
    is_fit = np.isfinite(found) & (error > 0)
    adjusted = np.full(len(values), np.nan)
    if not is_fit.any():
        return adjusted.tolist()
    scaled = moved[is_fit] / error[is_fit, None]
    multipliers = np.random.default_rng(_SEED).standard_normal((DRAWS, scaled.shape[1]))
    largest = np.abs(multipliers @ scaled.T).max(axis=1)
    reached = np.abs(found[is_fit]) / error[is_fit]
    adjusted[is_fit] = (1 + (largest[:, None] >= reached).sum(axis=0)) / (DRAWS + 1)
    return adjusted.tolist()
