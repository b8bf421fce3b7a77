"""How often items come together in one session, and which of them comes first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recommender.session_log import pair_sums
from recommender.session_log.pair_sums import Floats, Matrix
from recommender.session_log.sessions import Longs, Visits

__all__ = ["Floats", "Matrix", "PairCounts", "count"]

MOST_PAIRS = 40_000_000
"""Pairs of places that are counted; in a log with more, items further apart than a window are not
paired.
"""


@dataclass(frozen=True)
class PairCounts:
    """Counts over items i (row), j (column), made when they are first asked for.

    A session weighs its squared idf = log(n_items / (1 + its items)) where a long one shall say
    less (TF-IDF, items as documents). window: how far apart a pair may be. What is by item is
    float64 [n_items]; matrices are float32: whole numbers are exact below 16 million.
    """

    visits: Visits
    window: int

    @property
    def n_items(self) -> int:
        """How many item numbers there are."""
        return self.visits.n_items

    @property
    def n_sessions(self) -> int:
        """How many sessions were counted."""
        return len(self.visits)

    @cached_property
    def n(self) -> Floats:
        """Sessions with the item."""
        return self._by_item()

    @cached_property
    def n_idf(self) -> Floats:
        """The same, each session by its squared idf."""
        return self._by_item(_idf(self.visits.lengths, self.n_items)[self.visits.visit])

    @cached_property
    def n_last(self) -> Floats:
        """Sessions that ended with it."""
        ends = self.visits.first[1:][self.visits.lengths > 0] - 1
        return np.bincount(self.visits.items[ends], minlength=self.n_items).astype(np.float64)

    @cached_property
    def place(self) -> Floats:
        """Mean relative place in a session, damped to one half."""
        lengths = self.visits.lengths
        rank = np.arange(len(self.visits.items)) - np.repeat(self.visits.first[:-1], lengths)
        return (self._by_item((rank + 0.5) / np.repeat(lengths, lengths)) + 1) / (self.n + 2)

    def _by_item(self, weight: Floats | None = None) -> Floats:
        """Sums of a weight of each row of the visits, or how many rows there are."""
        found = np.bincount(self.visits.items, weight, self.n_items)
        return np.asarray(found, dtype=np.float64)

    @property
    def forward(self) -> Matrix:
        """Sessions in which i came before j."""
        return self._ordered[0]

    @property
    def forward_idf(self) -> Matrix:
        """The same, each session by its squared idf."""
        return self._ordered[1]

    @property
    def next(self) -> Matrix:
        """Sessions in which j came right after i."""
        return self._ordered[2]

    @cached_property
    def _ordered(self) -> tuple[Matrix, ...]:
        longest = int(self.visits.lengths.max(initial=0))
        return pair_sums.ordered(
            self.visits, self.window, _idf(np.arange(longest + 1), self.n_items)
        )

    @cached_property
    def together(self) -> Matrix:
        """Sessions with both, in either order."""
        return pair_sums.together(self.visits, self.window)

    @cached_property
    def together_idf(self) -> Matrix:
        """The same, each session by its squared idf."""
        return self.forward_idf + self.forward_idf.T.tocsr()


def count(visits: Visits, *, most: int = MOST_PAIRS) -> PairCounts:
    """The counts of sessions; memory follows the pairs, of which at most about `most` are looked
    at.
    """
    return PairCounts(visits, _window(visits.lengths, most))


def _idf(lengths: Longs, n_items: int) -> Floats:
    """Squared idf of sessions with so many items."""
    return np.asarray(np.square(np.maximum(np.log(max(n_items, 2)) - np.log1p(lengths), 0.1)))


def _window(lengths: Longs, most: int) -> int:
    """The widest window that makes at most so many pairs; at least 1."""
    low = 1
    high = max(int(lengths.max(initial=1)), 1)
    while low < high:
        middle = (low + high + 1) // 2
        reach = np.minimum(lengths, middle + 1)
        n_pairs = int((reach * (reach - 1) // 2 + (lengths - reach) * middle).sum())
        low, high = (middle, high) if n_pairs <= most else (low, middle - 1)
    return low
