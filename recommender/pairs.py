"""How often items come together in one session, and which of them comes first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recommender import pair_sums
from recommender.pair_sums import Floats, Matrix
from recommender.sessions import Longs, Visits

__all__ = ["Floats", "Matrix", "Pairs", "count"]

MOST_PAIRS = 40_000_000
"""Pairs of places looked at; in a log that has more, items further apart than a window are not paired."""


@dataclass(frozen=True)
class Pairs:
    """Counts over items i (row), j (column), made when they are first asked for.

    n float64 [n_items]: sessions with the item; n_idf: the same, each session weighing its squared idf =
    log(n_items / (1 + its items)), so that a long one says less (TF-IDF with items as documents). n_last:
    sessions that ended with it; place: its mean relative place in a session, damped to one half. n_sessions.
    window: how far apart a pair may be. Matrices are float32: whole numbers are exact below 16 million.
    """

    visits: Visits
    n: Floats
    n_idf: Floats
    n_last: Floats
    place: Floats
    window: int

    @property
    def n_items(self) -> int:
        """How many item numbers there are."""
        return len(self.n)

    @property
    def n_sessions(self) -> int:
        """How many sessions were counted."""
        return len(self.visits)

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
        return pair_sums.ordered(self.visits, self.window, _idf(np.arange(longest + 1), self.n_items))

    @cached_property
    def together(self) -> Matrix:
        """Sessions with both, in either order."""
        return pair_sums.together(self.visits, self.window)

    @cached_property
    def together_idf(self) -> Matrix:
        """The same, each session by its squared idf."""
        return self.forward_idf + self.forward_idf.T.tocsr()


def count(visits: Visits, *, most: int = MOST_PAIRS) -> Pairs:
    """The counts of sessions; memory follows the pairs, of which at most about `most` are looked at."""
    lengths = visits.lengths
    n = np.bincount(visits.items, minlength=visits.n_items).astype(np.float64)
    ends = visits.items[visits.first[1:][lengths > 0] - 1]
    rank = np.arange(len(visits.items)) - np.repeat(visits.first[:-1], lengths)
    relative = (rank + 0.5) / np.repeat(lengths, lengths)
    idf = _idf(lengths, visits.n_items)[visits.visit]
    return Pairs(
        visits=visits,
        n=n,
        n_idf=np.asarray(np.bincount(visits.items, idf, visits.n_items), np.float64),
        n_last=np.bincount(ends, minlength=visits.n_items).astype(np.float64),
        place=(np.bincount(visits.items, relative, visits.n_items) + 1) / (n + 2),
        window=_window(lengths, most),
    )


def _idf(lengths: Longs, n_items: int) -> Floats:
    """Squared idf of sessions with so many items."""
    return np.asarray(np.square(np.maximum(np.log(max(n_items, 2)) - np.log1p(lengths), 0.1)))


def _window(lengths: Longs, most: int) -> int:
    """The widest window that makes at most so many pairs; at least 1."""
    low, high = 1, max(int(lengths.max(initial=1)), 1)
    while low < high:
        middle = (low + high + 1) // 2
        reach = np.minimum(lengths, middle + 1)
        n_pairs = int((reach * (reach - 1) // 2 + (lengths - reach) * middle).sum())
        low, high = (middle, high) if n_pairs <= most else (low, middle - 1)
    return low
