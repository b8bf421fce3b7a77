"""Adds up the pairs of items in sessions: packed into whole numbers, sorted, equal ones counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.session_log.sessions import Items, Longs, Visits

Floats = NDArray[np.float64]
Matrix = Any
"""A scipy.sparse CSR matrix of items by items; its stubs are narrower than what it takes."""

Sums = tuple[Matrix, ...]

CHUNK = 8_000_000
"""Pairs sorted at once. Sums of idf may differ in the last place with it."""

ROWS = 50_000
"""Rows whose pairs are packed at once: what is in hand then stays in the cache of the processor."""

THREADS = 2
"""Chunks at work at the same time, and how many there are at least."""


def together(visits: Visits, window: int) -> Matrix:
    """Sessions with both items, at most a window apart, in either order: float32, symmetric."""
    return _added(visits, window, _unordered)[0]


def ordered(visits: Visits, window: int, idf: Floats) -> Sums:
    """Sessions in which i came before j, float32; the same, each weighing idf float64 [longest + 1]
    of its length; and those in which j came right after i.
    """
    return _added(visits, window, lambda chunk: _ordered(chunk, idf))


@dataclass(frozen=True)
class _Chunk:
    """Some whole visits, a row an item: int [n_rows]."""

    items: Items
    after: Longs
    """Rows behind it in its visit, as far as the window goes."""
    length: Longs
    """Of its visit."""
    n_items: int

    @property
    def bits(self) -> int:
        """How many an item number takes."""
        return max(1, (self.n_items - 1).bit_length())

    def packed(self, pack: Callable[[int, Longs], Longs]) -> Longs:
        """A number for every pair, sorted. pack: of a gap and of the rows that have an item so far
        behind.
        """
        found = np.empty(int(self.after.sum()), np.int64)
        filled = 0
        for begin in range(0, len(self.items), ROWS):
            gap = 1
            row = begin + np.flatnonzero(self.after[begin : begin + ROWS])
            while len(row):
                found[filled : filled + len(row)] = pack(gap, row)
                filled += len(row)
                gap += 1
                row = row[self.after[row] >= gap]
        found.sort()
        return found

    def matrix(self, key: Longs, values: NDArray[Any]) -> Matrix:
        """Values at distinct keys, first item << bits | second item, rising."""
        row = np.searchsorted(key, np.arange(self.n_items + 1) << self.bits)
        column = (key & ((1 << self.bits) - 1)).astype(np.int32)
        index = np.int32 if len(key) < 2**31 else np.int64
        shape = (self.n_items, self.n_items)
        return sparse.csr_matrix(
            (values.astype(np.float32), column, row.astype(index)), shape=shape
        )


def _unordered(chunk: _Chunk) -> Sums:
    def pack(gap: int, row: Longs) -> Longs:
        one = chunk.items[row]
        other = chunk.items[row + gap]
        packed: Longs = np.minimum(one, other).astype(np.int64) << chunk.bits
        packed |= np.maximum(one, other)
        return packed

    key = chunk.packed(pack)
    first = _first(key)
    upper = chunk.matrix(key[first], np.diff(np.append(first, len(key))))
    return (upper + upper.T.tocsr(),)


def _ordered(chunk: _Chunk, idf: Floats) -> Sums:
    for_length = (len(idf) - 1).bit_length()
    if 2 * chunk.bits + for_length + 1 > 63:
        raise ValueError(
            f"{chunk.n_items:,} items in sessions of up to {len(idf) - 1:,}: too many to count"
        )

    def pack(gap: int, row: Longs) -> Longs:
        packed: Longs = chunk.items[row].astype(np.int64) << chunk.bits
        packed |= chunk.items[row + gap]
        packed <<= for_length
        packed |= chunk.length[row]
        packed <<= 1
        packed |= int(gap == 1)
        return packed

    packed = chunk.packed(pack)
    key = packed >> (for_length + 1)
    first = _first(key)
    if not len(first):
        return (chunk.matrix(key, key),) * 3
    # Equal keys lie by length, so that these sums do not depend on the order of the visits.
    weighed = np.add.reduceat(idf[(packed >> 1) & ((1 << for_length) - 1)], first)
    right_after = np.add.reduceat(packed & 1, first)
    is_next = right_after > 0
    count = np.diff(np.append(first, len(key)))
    key = key[first]
    return (
        chunk.matrix(key, count),
        chunk.matrix(key, weighed),
        chunk.matrix(key[is_next], right_after[is_next]),
    )


def _first(key: Longs) -> Longs:
    """Where each distinct value of sorted numbers begins."""
    is_first = np.ones(len(key), np.bool_)
    np.not_equal(key[1:], key[:-1], out=is_first[1:])
    return np.flatnonzero(is_first)


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
