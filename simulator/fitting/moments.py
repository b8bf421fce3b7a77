"""The moments by which a world is fitted: few, each mostly about one number of the world."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.fitting.seen import PLACES, SeenVisits

Floats = NDArray[np.float64]


def moments(seen: SeenVisits, *, has_items: bool) -> dict[str, float]:
    """By name, on scales on which a world's numbers act about linearly.

    has_items: whether the log's items are those of a catalogue, so that their categories and their
    popularity can be compared with simulated ones.
    """
    found = _visits(seen) | _funnel(seen) | (_slates(seen) if seen.has_slates else _looks(seen))
    return found | (_items(seen) if has_items else {})


def _visits(seen: SeenVisits) -> dict[str, float]:
    """How many of the days she comes, and how shoppers differ in it, among those who came."""
    _, who = np.unique(seen.shopper, return_inverse=True)
    pairs = np.unique(who * seen.days + seen.day)
    visits = np.bincount(pairs // seen.days, minlength=1)
    share = _share(visits.sum(), seen.days * len(visits))
    again = np.isin(pairs + 1, pairs) & (pairs % seen.days < seen.days - 1)
    could = np.count_nonzero(pairs % seen.days < seen.days - 1)
    return {
        "visit days": _logit(share),
        "spread of visit days": float(np.std(visits)) / np.sqrt(seen.days),
        "returns next day": _logit(_share(again.sum(), could)),
    }


def _funnel(seen: SeenVisits) -> dict[str, float]:
    return {
        "carts per look": _logit(_share(seen.carts.sum(), seen.looks.sum())),
        "purchases per cart": _logit(_share(seen.purchases.sum(), seen.carts.sum())),
    }


def _slates(seen: SeenVisits) -> dict[str, float]:
    early = PLACES // 2
    first = _share(seen.clicked_at[:early].sum(), seen.shown_at[:early].sum())
    later = _share(seen.clicked_at[early:].sum(), seen.shown_at[early:].sum())
    return {
        "clicks per item shown": _logit(_share(seen.looks.sum(), seen.shown_at.sum())),
        "clicks below the middle": float(np.log(later / first)),
        "slates a visit": float(np.mean(seen.slates)) if len(seen) else 0.0,
        "visits of one slate": _share(np.sum(seen.slates <= 1), len(seen)),
    }


def _looks(seen: SeenVisits) -> dict[str, float]:
    """Where only looks are known: how many, and how often it is one."""
    mean = float(np.mean(seen.looks)) if len(seen) else 1.0
    return {
        "looks a visit": float(np.log(mean)),
        "visits of one look": _share(np.sum(seen.looks == 1), len(seen)),
    }


def _items(seen: SeenVisits) -> dict[str, float]:
    found = {"popularity": _alike(seen.looked)}
    if seen.has_slates and len(seen.searched):
        found["category searched"] = float(np.mean(np.log1p(seen.searched)))
    return found


def _alike(items: NDArray[np.int64]) -> float:
    """Log of the probability that two looks are at the same item; of any number of looks."""
    _, n = np.unique(items, return_counts=True)
    total = float(n.sum())
    return float(np.log((np.sum(n * (n - 1.0)) + 1) / (total * (total - 1) + 2)))


def _share(part: Any, whole: Any) -> float:
    """Away from 0 and 1, so that its log-odds exist."""
    return float((part + 0.5) / (whole + 1))


def _logit(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(share / (1 - share)))
