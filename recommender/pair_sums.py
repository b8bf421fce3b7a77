"""Adds up the pairs of items in sessions: packed into whole numbers, sorted, equal ones counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.sessions import Items, Longs, Visits

Floats = NDArray[np.float64]
Matrix = Any
"""A scipy.sparse CSR matrix of items by items; its stubs are narrower than what it takes."""

Sums = tuple[Matrix, ...]

CHUNK = 8_000_000
"""Pairs sorted at once. Sums of idf may differ in the last place with it."""

THREADS = 2
"""Chunks at work at the same time, and how many there are at least."""


def together(visits: Visits, window: int) -> Matrix:
    """Sessions with both items, at most a window apart, in either order: float32, symmetric."""
    (half,) = _added(visits, window, _unordered)
    return half + half.T.tocsr()


def ordered(visits: Visits, window: int, idf: Floats) -> Sums:
    """Sessions in which i came before j, float32; the same, each weighing idf float64 [longest + 1] of its
    length; and those in which j came right after i.
    """
    return _added(visits, window, lambda chunk: _ordered(chunk, idf))


@dataclass(frozen=True)
class _Chunk:
    """Some whole visits, a row an item: int [n_rows]. after: rows behind it in its visit, as far as the
    window goes; length: of its visit. bits: of an item number.
    """

    items: Items
    after: Longs
    length: Longs
    n_items: int

    @property
    def bits(self) -> int:
        """How many an item number takes."""
        return max(1, (self.n_items - 1).bit_length())

    def pairs(self) -> Iterator[tuple[int, Longs, Longs, Longs]]:
        """Every pair, by how far apart: the gap, first items, second items, lengths of their visits."""
        gap, row = 1, np.flatnonzero(self.after > 0)
        while len(row):
            first, second = self.items[row], self.items[row + gap]
            yield gap, first.astype(np.int64), second.astype(np.int64), self.length[row]
            gap += 1
            row = row[self.after[row] >= gap]

    def matrix(self, key: Longs, values: NDArray[Any]) -> Matrix:
        """Values at distinct keys, first item << bits | second item, rising."""
        row = np.searchsorted(key, np.arange(self.n_items + 1) << self.bits)
        column = (key & ((1 << self.bits) - 1)).astype(np.int32)
        index = np.int32 if len(key) < 2**31 else np.int64
        shape = (self.n_items, self.n_items)
        return sparse.csr_matrix((values.astype(np.float32), column, row.astype(index)), shape=shape)


def _unordered(chunk: _Chunk) -> Sums:
    parts = [(np.minimum(a, b) << chunk.bits) | np.maximum(a, b) for _, a, b, _ in chunk.pairs()]
    key = _sorted(parts)
    first = _first(key)
    return (chunk.matrix(key[first], np.diff(np.append(first, len(key)))),)


def _ordered(chunk: _Chunk, idf: Floats) -> Sums:
    for_length = (len(idf) - 1).bit_length()
    if 2 * chunk.bits + for_length + 1 > 63:
        raise ValueError(f"{chunk.n_items:,} items in sessions of up to {len(idf) - 1:,}: too many to count")
    parts = [
        (((((a << chunk.bits) | b) << for_length) | length) << 1) | (gap == 1)
        for gap, a, b, length in chunk.pairs()
    ]
    packed = _sorted(parts)
    key = packed >> (for_length + 1)
    first = _first(key)
    if not len(first):
        return (chunk.matrix(key, key),) * 3
    # Equal keys lie by length, so that these sums do not depend on the order of the visits.
    weighed = np.add.reduceat(idf[(packed >> 1) & ((1 << for_length) - 1)], first)
    right_after = np.add.reduceat(packed & 1, first)
    is_next = right_after > 0
    count, key = np.diff(np.append(first, len(key))), key[first]
    return (
        chunk.matrix(key, count),
        chunk.matrix(key, weighed),
        chunk.matrix(key[is_next], right_after[is_next]),
    )


def _sorted(parts: list[Longs]) -> Longs:
    key = np.concatenate([np.zeros(0, np.int64), *parts])
    key.sort()
    return key


def _first(key: Longs) -> Longs:
    """Where each distinct value of sorted numbers begins."""
    return np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])


def _added(visits: Visits, window: int, sums: Callable[[_Chunk], Sums]) -> Sums:
    """The sums over all visits: of chunks of whole visits side by side, added in their order."""
    lengths = visits.lengths
    length = np.repeat(lengths, lengths)
    behind = np.minimum(np.repeat(visits.first[1:], lengths) - np.arange(len(length)) - 1, window)
    n_pairs = np.append(0, np.cumsum(behind))[visits.first]
    n_chunks = max(THREADS, -(-int(n_pairs[-1]) // CHUNK))
    cuts = np.searchsorted(n_pairs, np.linspace(0, n_pairs[-1], n_chunks + 1)[1:-1])
    edges = visits.first[np.concatenate([[0], cuts, [len(visits)]]).astype(np.int64)].tolist()

    def of(begin: int, end: int) -> Sums:
        part = slice(begin, end)
        return sums(_Chunk(visits.items[part], behind[part], length[part], visits.n_items))

    with ThreadPoolExecutor(THREADS) as threads:
        parts = list(threads.map(of, edges[:-1], edges[1:]))
    return tuple(reduce(lambda a, b: a + b, same) for same in zip(*parts, strict=True))
