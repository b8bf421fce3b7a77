"""Ranking measures of slates, one value a slate, and measures of what a catalogue's exposure looks
like.

Slates are int32 [n_slates, k], best first, -1 = padding at the end, distinct items. Truth is int32
[n_slates, any], distinct items, -1 = padding: the relevant ones. An empty truth is undefined (NaN:
leave it out and count it); an empty slate with a truth is a miss (0). Definitions are those of
trec_eval, to which the tests compare by way of ir-measures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Items = NDArray[np.int32]
Values = NDArray[np.float64]


def hit_rate(slates: Items, truth: Items, *, k: int) -> Values:
    """1 if one of the first k items is relevant, else 0 (trec_eval success)."""
    return _defined(np.asarray(_relevant(slates, truth, k).any(axis=1), dtype=np.float64), truth)


def recall(slates: Items, truth: Items, *, k: int) -> Values:
    """Relevant items among the first k / relevant items."""
    return _defined(_ratio(_relevant(slates, truth, k).sum(axis=1), _n_relevant(truth)), truth)


def mrr(slates: Items, truth: Items, *, k: int) -> Values:
    """1 / rank of the first relevant item among the first k, 0 if there is none (Voorhees 1999)."""
    is_relevant = _relevant(slates, truth, k)
    reciprocal = 1.0 / np.arange(1, is_relevant.shape[1] + 1)
    return _defined(np.asarray((is_relevant * reciprocal).max(axis=1, initial=0.0)), truth)


def average_precision(slates: Items, truth: Items, *, k: int) -> Values:
    """Mean over all relevant items of the precision at their rank, 0 for those not among the first
    k.

    Its mean over slates is map@k (trec_eval map_cut: the denominator is the number of relevant
    items, not k).
    """
    is_relevant = _relevant(slates, truth, k)
    precision = is_relevant.cumsum(axis=1) / np.arange(1, is_relevant.shape[1] + 1)
    return _defined(_ratio((precision * is_relevant).sum(axis=1), _n_relevant(truth)), truth)


def ndcg(slates: Items, gains: Values, *, k: int) -> Values:
    """Sum of gain / log2(1 + rank) over the first k, divided by the greatest that is possible.

    gains: float64 [n_slates, n_items], graded and linear, >= 0 (Jarvelin & Kekalainen 2002;
    trec_eval ndcg_cut). A row without gain is NaN.
    """
    shown = slates[:, :k]
    discount = 1.0 / np.log2(np.arange(2, max(k, 1) + 2))
    gained = np.take_along_axis(gains, np.maximum(shown, 0).astype(np.int64), axis=1) * (shown >= 0)
    cut = max(gains.shape[1] - k, 0)
    best = np.sort(np.partition(gains, cut, axis=1)[:, cut:], axis=1)[:, ::-1]
    ideal = (best * discount[: best.shape[1]]).sum(axis=1)
    return _ratio((gained * discount[: shown.shape[1]]).sum(axis=1), ideal, empty=np.nan)


def next_ndcg(slates: Items, truth: Items, *, k: int) -> Values:
    """NDCG with gain 1 for each relevant item and the best that k places allow as the ideal
    (trec_eval ndcg_cut): for one relevant item 1 / log2(1 + rank).
    """
    is_relevant = _relevant(slates, truth, k)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.append(0.0, np.cumsum(discount))[np.minimum(_n_relevant(truth), k)]
    gained = (is_relevant * discount[: is_relevant.shape[1]]).sum(axis=1)
    return _defined(_ratio(gained, ideal), truth)


def catalogue_coverage(slates: Items, n_items: int) -> float:
    """Share of the catalogue that was shown at least once."""
    return float(np.count_nonzero(_exposure(slates, n_items)) / n_items)


def exposure_gini(slates: Items, n_items: int) -> float:
    """Gini coefficient of showings by catalogue item: 0 = all alike, near 1 = one item has them
    all; NaN if none.

    Sum over the items in rising order of (2 * rank - n - 1) * showings / (n * all showings).
    """
    exposure = np.sort(_exposure(slates, n_items))
    total = exposure.sum()
    if not total:
        return float("nan")
    rank = np.arange(1, n_items + 1)
    return float(((2 * rank - n_items - 1) * exposure).sum() / (n_items * total))


def novelty(slates: Items, popularity: NDArray[np.integer]) -> Values:
    """Mean self-information -log2(share of interactions) in bits of the items shown (Zhou et al.
    2010).

    popularity: whole numbers [n_items], interactions of each; one is added to each, so that a new
    item has a finite value. An empty slate is NaN.
    """
    share = (popularity + 1) / (popularity.sum() + len(popularity))
    is_shown = slates >= 0
    bits = -np.log2(share)[np.maximum(slates, 0)]
    return _ratio((bits * is_shown).sum(axis=1), is_shown.sum(axis=1), empty=np.nan)


def intra_list_diversity(slates: Items, vectors: NDArray[np.floating]) -> Values:
    """Mean of 1 - cosine over the pairs of items of a slate (Ziegler et al. 2005, as a distance).

    vectors: unit rows [n_items, dim]; one-hot categories give the share of pairs from two
    categories. NaN below two items.
    """
    is_shown = (slates >= 0).astype(np.float64)
    shown = vectors[np.maximum(slates, 0)].astype(np.float64) * is_shown[:, :, None]
    together = shown.sum(axis=1)
    # The sum over all ordered pairs of cosines is the squared norm of the sum; without each item's
    # pair with itself.
    cosines = np.square(together).sum(axis=1) - np.square(shown).sum(axis=(1, 2))
    n_shown = is_shown.sum(axis=1)
    n_pairs = n_shown * (n_shown - 1)
    return _ratio(n_pairs - cosines, n_pairs, empty=np.nan)


def _relevant(slates: Items, truth: Items, k: int) -> NDArray[np.bool_]:
    """Bool [n_slates, k]."""
    shown = slates[:, :k, None]
    found: NDArray[np.bool_] = ((shown == truth[:, None, :]) & (shown >= 0)).any(axis=2)
    return found


def _n_relevant(truth: Items) -> NDArray[np.int64]:
    return np.asarray((truth >= 0).sum(axis=1), dtype=np.int64)


def _defined(values: Values, truth: Items) -> Values:
    return np.where(_n_relevant(truth) > 0, values, np.nan)


def _ratio(above: NDArray[Any], below: NDArray[Any], *, empty: float = 0.0) -> Values:
    result = np.full(len(above), empty)
    np.divide(above, below, out=result, where=below > 0)
    return result


def _exposure(slates: Items, n_items: int) -> NDArray[np.int64]:
    return np.bincount(slates[slates >= 0], minlength=n_items)
