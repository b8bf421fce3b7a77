"""Item kNN on content and interactions together: the nearest published baseline, ItemKNN-CFCBF.

Ferrari Dacrema, Cremonesi, Jannach: Are We Really Making Much Progress? (RecSys 2019), baseline
ItemKNN_CFCBF: each item's column of features, weighted, is stacked under its column of
interactions, and the similarity of two items is the cosine of the stacked columns, with shrinkage,
kept for the top K.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.profile import Profiles
from recommender.scoring.cointeraction import Counts
from recommender.scoring.pair_score import Parts, Rates
from recommender.search.similarity import cosines

Items = NDArray[np.int32]

WEIGHTINGS = ("none", "tf-idf", "bm25")
K1 = 1.2
B = 0.75
"""BM25's usual constants (Robertson and Zaragoza 2009)."""

CELLS = 4_000_000
"""Similarities held at once; results do not depend on it."""


@dataclass(frozen=True)
class ItemKnnConfig:
    """How content and interactions are put together."""

    content_weight: float = 1.0
    """Factor of the unit embedding beside interactions, of which each counts 1."""

    shrink: float = 200.0
    """Added to the product of the norms of two items' columns, in interactions."""

    neighbours: int = 200
    """Similar items kept for each profile item."""

    weighting: str = "none"
    """Of an item's interactions, by how many it has: one of WEIGHTINGS."""

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that means nothing."""
        if self.content_weight < 0 or self.shrink < 0 or self.neighbours < 1:
            raise ValueError("content_weight and shrink must be at least 0, neighbours at least 1")
        if self.weighting not in WEIGHTINGS:
            raise ValueError(
                f"weighting must be one of {', '.join(WEIGHTINGS)}, found {self.weighting!r}"
            )


@dataclass(frozen=True)
class ItemKnnScore:
    """Sum over the profile of w_i * similarity(i, j).

    The interactions of an item are the pairs that hold it: i in the profile, j acted on, each a row
    with two ones. So their inner product is the number of pairs of i with j, either way round, and
    the squared norm the number of pairs with i. embeddings: rounded float32 [n, dim]; the first
    n_columns items may be shown.
    """

    config: ItemKnnConfig
    embeddings: NDArray[np.float32]
    counts: Counts
    n_columns: int

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        """Scores float64 of candidates int32 [n_requests, n_candidates]; of padding (-1) without
        meaning.
        """
        known = np.unique(profiles.items[profiles.items >= 0])
        items, likeness = self._kept(known)
        total = np.zeros((len(profiles), self.n_columns + 1))  # the last column is for padding
        for place in range(profiles.items.shape[1]):
            rows = np.flatnonzero(profiles.items[:, place] >= 0)
            one = np.searchsorted(known, profiles.items[rows, place])
            # Within a row the items of a list are distinct, so each is added once.
            beside = rows[:, None], np.where(items[one] < 0, self.n_columns, items[one])
            total[beside] += profiles.weights[rows, place][:, None] * likeness[one]
        return np.take_along_axis(total, np.maximum(candidates, 0).astype(np.int64), axis=1)

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        """The same scores; content and interactions cannot be told apart once they stand in one
        column.
        """
        nothing = np.zeros(candidates.shape)
        missing = np.full(candidates.shape, np.nan)
        return Parts(self.score(profiles, candidates), missing, missing, nothing, nothing)

    def _kept(self, known: Items) -> tuple[Items, Rates]:
        """The most similar of each known item: items int32 [n_known, K], -1 = padding, and
        likeness.

        What ties with the K-th is kept, too, so that no order decides.
        """
        factor, norm = self._columns()
        step = max(1, CELLS // max(1, self.n_columns))
        parts = [
            self._nearest(known[begin : begin + step], factor, norm)
            for begin in range(0, len(known), step)
        ]
        width = max((items.shape[1] for items, _ in parts), default=0)
        items = np.full((len(known), width), -1, np.int32)
        likeness = np.zeros((len(known), width))
        begin = 0
        for some, values in parts:
            items[begin : begin + len(some), : some.shape[1]] = some
            likeness[begin : begin + len(some), : some.shape[1]] = values
            begin += len(some)
        return items, likeness

    def _columns(self) -> tuple[Rates, Rates]:
        """Of every item the factor of its interactions and the norm of its stacked column, float64
        [n].
        """
        n_pairs = pairs_of(self.counts)
        factor = weights(n_pairs, self.config.weighting)
        squares = np.square(self.embeddings.astype(np.float64)).sum(axis=1)
        return factor, np.sqrt(factor**2 * n_pairs + self.config.content_weight**2 * squares)

    def _nearest(self, known: Items, factor: Rates, norm: Rates) -> tuple[Items, Rates]:
        together = _beside(self.counts, known, self.n_columns)
        together *= factor[known][:, None] * factor[: self.n_columns]
        content = cosines(self.embeddings[known], self.embeddings[: self.n_columns]).astype(
            np.float64
        )
        likeness = together + self.config.content_weight**2 * content
        below = norm[known][:, None] * norm[: self.n_columns] + self.config.shrink
        np.divide(likeness, below, out=likeness, where=below > 0)
        inside = known < self.n_columns
        likeness[np.flatnonzero(inside), known[inside]] = -np.inf
        cut = max(0, self.n_columns - self.config.neighbours)
        floor = (
            np.partition(likeness, cut, axis=1)[:, cut] if self.n_columns else np.zeros(len(known))
        )
        row, item = np.nonzero((likeness >= floor[:, None]) & (likeness > 0))
        first = np.searchsorted(row, np.arange(len(known)))
        place = np.arange(len(row)) - first[row]
        width = int(place.max(initial=-1)) + 1
        items = np.full((len(known), width), -1, np.int32)
        values = np.zeros((len(known), width))
        items[row, place] = item
        values[row, place] = likeness[row, item]
        return items, values


def pairs_of(counts: Counts) -> NDArray[np.int64]:
    """How many acted pairs hold each item, on either side: int64 [n]."""
    i, j = np.divmod(counts.acted_key, max(1, counts.n))
    acted = counts.acted[counts.acted > 0]
    # Weights are whole numbers far below 2^53, so their float64 sums are exact.
    held = [np.bincount(side, weights=acted, minlength=counts.n) for side in (i, j)]
    return (held[0] + held[1]).astype(np.int64)


def weights(n_pairs: NDArray[np.int64], weighting: str) -> Rates:
    """The factor of an item's interactions, float64 [n]: 1; or idf; or idf with BM25's saturation
    by length.

    As in implicit's tfidf_weight and bm25_weight (items are the columns): idf = ln(N) - ln(1 +
    n_i).
    """
    if weighting == "none":
        return np.ones(len(n_pairs))
    n_rows = int(n_pairs.sum()) // 2
    idf: Rates = np.maximum(np.log(max(n_rows, 1)) - np.log1p(n_pairs), 0.0)
    if weighting == "tf-idf":
        return idf
    mean = float(n_pairs.mean()) if n_rows else 1.0
    return idf * (K1 + 1.0) / (K1 * ((1.0 - B) + B * n_pairs / mean) + 1.0)


def _beside(counts: Counts, known: Items, n_columns: int) -> Rates:
    """Acted pairs of each known item (sorted) with each column, either way round: float64 [n_known,
    n].
    """
    n = counts.n
    found = np.zeros((len(known), n_columns))
    if not len(counts.acted_key) or not len(known):
        return found
    (i, j) = np.divmod(counts.acted_key, n)
    acted = counts.acted[counts.acted > 0]
    for one, other in ((i, j), (j, i)):
        place = np.minimum(np.searchsorted(known, one), len(known) - 1)
        kept = (known[place] == one) & (other < n_columns)
        found[place[kept], other[kept]] += acted[kept]
    return found
