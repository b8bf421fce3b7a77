"""Whether a guest shows what it shows as often as it claims: many answers to one request."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

Items = NDArray[np.int64]
Chances = NDArray[np.float64]

ONCE_IN = 1e-6
"""How seldom a guest that says the truth is called a liar."""
ENOUGH = 5.0
"""Expected answers from which an item is looked at by itself."""
CLOSE = 1e-6
"""Two probabilities nearer than this are one."""
REMEDY = "say the probability of the item to stand at this place, over all that you draw"


@dataclass(frozen=True)
class _PlaceShown:
    """One place of the slates: what the first half said of it, and what the second half shows."""

    number: int
    """From 1."""
    item: Items
    """int64 [m]: what stood there in the first half."""
    said: Chances
    """float64 [m]: with what probability."""
    counted: Items
    """int64 [m]: how often it stood there in the second half."""
    n: int
    """Answers of the second half."""


def misfit(items: Items, claimed: Chances) -> str:
    """What is wrong with the propensities of many answers to one request; empty: nothing.

    items: int64 [n, k], below 0 = none; claimed: float64 [n, k]. What the first half of the answers
    says is compared with what the second half shows, so that a rare item is no argument against
    itself.
    """
    is_item = items >= 0
    off = is_item & ~((claimed > 0) & (claimed <= 1 + CLOSE))
    if off.any():
        return f"{float(claimed[off][0]):g} is no probability above 0 and up to 1; {REMEDY}"
    half = len(items) // 2
    for place in range(items.shape[1]):
        first = is_item[:half, place]
        found = _wrong_at(
            place + 1, items[:half, place][first], claimed[:half, place][first], items[half:, place]
        )
        if found:
            return f"{found}; {REMEDY}"
    return ""


def _wrong_at(number: int, item: Items, said: Chances, later: Items) -> str:
    distinct, first, which = np.unique(item, return_index=True, return_inverse=True)
    if not len(distinct):
        return ""
    chance = said[first]
    apart = np.abs(said - chance[which])
    if apart.max() > CLOSE:
        row = int(apart.argmax())
        return (
            f"to one request, item {item[row]} at place {number} is said to have {said[row]:g} and"
            f" {chance[which[row]]:g}"
        )
    if chance.sum() > 1 + CLOSE * len(distinct):
        return f"the probabilities at place {number} add up to {chance.sum():.2f}"
    where = np.minimum(np.searchsorted(distinct, later), len(distinct) - 1)
    counted = np.bincount(where[distinct[where] == later], minlength=len(distinct))
    return _too_far(_PlaceShown(number, distinct, chance, counted, len(later)))


def _too_far(place: _PlaceShown) -> str:
    """Pearson's test over the items that are expected often, the others together, and the rest."""
    expected = place.n * place.said
    often = expected >= ENOUGH
    rare = ~often
    rest = place.n * max(0.0, 1.0 - float(place.said.sum()))
    wanted = np.array([*expected[often], expected[rare].sum(), rest])
    seen = np.array(
        [*place.counted[often], place.counted[rare].sum(), place.n - place.counted.sum()]
    )
    terms = (seen - wanted) ** 2 / np.maximum(wanted, 1.0)
    n_cells = int((wanted > 0).sum())
    if chi2.sf(terms.sum(), max(1, n_cells - 1)) > ONCE_IN:
        return ""
    worst = int(terms.argmax())
    names = [*(f"item {one}" for one in place.item[often]), "what is said to be rare", "anything"]
    return (
        f"{names[worst]} {'else ' if worst == len(terms) - 1 else ''}stood at place {place.number}"
        f" in {seen[worst] / place.n:.1%} of {place.n:,} answers, and was said to have"
        f" {wanted[worst] / place.n:.1%}"
    )
