"""How often items come together in one session, and which of them comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.sessions import Longs, Visits

Floats = NDArray[np.float64]
Matrix = Any
"""A scipy.sparse CSR matrix of items by items; its stubs are narrower than what it takes."""

MOST_PAIRS = 40_000_000
"""Pairs of places looked at; in a log that has more, items further apart than a window are not paired."""

CHUNK = 4_000_000
"""Pairs held at once."""


@dataclass(frozen=True)
class Pairs:
    """Directed counts over items i (row), j (column), float32: whole numbers are exact below 16 million.

    forward: sessions in which i came before j. forward_idf: the same, each session weighing its squared
    idf = log(n_items / (1 + its items)), so that a long one says less (TF-IDF with items as documents). next:
    sessions in which j came right after i. n float64 [n_items]: sessions with the item; n_idf: the same
    weighed; n_last: sessions that ended with it; place: its mean relative place in a session, damped to one
    half. n_sessions. window: how far apart a pair may be.
    """

    forward: Matrix
    forward_idf: Matrix
    next: Matrix
    n: Floats
    n_idf: Floats
    n_last: Floats
    place: Floats
    n_sessions: int
    window: int

    @property
    def n_items(self) -> int:
        """How many item numbers there are."""
        return len(self.n)

    @cached_property
    def together(self) -> Matrix:
        """Sessions with both, in either order."""
        return (self.forward + self.forward.T).tocsr()

    @cached_property
    def together_idf(self) -> Matrix:
        """The same, each session by its squared idf."""
        return (self.forward_idf + self.forward_idf.T).tocsr()


def count(visits: Visits, *, most: int = MOST_PAIRS) -> Pairs:
    """The counts of sessions; memory follows the pairs, of which at most about `most` are looked at."""
    lengths = visits.lengths
    window = _window(lengths, most)
    shape = (visits.n_items, visits.n_items)
    nothing: Any = np.zeros(shape[0] + 1, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32)
    sums: list[Matrix] = [sparse.csr_matrix(nothing[::-1], shape=shape) for _ in range(3)]
    idf = np.square(np.maximum(np.log(max(visits.n_items, 2)) - np.log1p(lengths), 0.1))
    for before, after, visit, is_next in _pairs(visits, window):
        where = (visits.items[before], visits.items[after])
        for place, weight in enumerate((np.ones(len(before)), idf[visit], is_next)):
            part = sparse.csr_matrix((weight.astype(np.float32), where), shape=shape)
            sums[place] = part if sums[place].nnz == 0 else sums[place] + part
    sums[2].eliminate_zeros()
    n = np.bincount(visits.items, minlength=visits.n_items).astype(np.float64)
    filled = lengths > 0
    ends = visits.items[visits.first[1:][filled] - 1]
    rank = np.arange(len(visits.items)) - np.repeat(visits.first[:-1], lengths)
    relative = (rank + 0.5) / np.repeat(lengths, lengths)
    return Pairs(
        forward=sums[0],
        forward_idf=sums[1],
        next=sums[2],
        n=n,
        n_idf=np.asarray(np.bincount(visits.items, idf[visits.visit], visits.n_items), np.float64),
        n_last=np.bincount(ends, minlength=visits.n_items).astype(np.float64),
        place=(np.bincount(visits.items, relative, visits.n_items) + 1) / (n + 2),
        n_sessions=len(visits),
        window=window,
    )


def _window(lengths: Longs, most: int) -> int:
    """The widest window that makes at most so many pairs; at least 1."""
    low, high = 1, max(int(lengths.max(initial=1)), 1)
    while low < high:
        middle = (low + high + 1) // 2
        reach = np.minimum(lengths, middle + 1)
        n_pairs = int((reach * (reach - 1) // 2 + (lengths - reach) * middle).sum())
        low, high = (middle, high) if n_pairs <= most else (low, middle - 1)
    return low


def _pairs(visits: Visits, window: int) -> Iterator[tuple[Longs, Longs, Longs, NDArray[np.bool_]]]:
    """Places before and after, the visit, and whether nothing lies between, of all pairs, in chunks."""
    visit = visits.visit
    left = visits.first[1:][visit] - np.arange(len(visit)) - 1 if len(visit) else np.zeros(0, np.int64)
    reach = np.minimum(left, window)
    ends = np.cumsum(reach)
    begin = 0
    while begin < len(reach):
        done = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        part = reach[begin:end]
        before = np.repeat(np.arange(begin, end), part)
        gap = np.arange(len(before)) - np.repeat(np.cumsum(part) - part, part) + 1
        yield before, before + gap, visit[before], gap == 1
        begin = end
