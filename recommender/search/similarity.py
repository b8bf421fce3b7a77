"""Visual similarity: embeddings rounded so that cosines are exact, and the exact nearest items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Items = NDArray[np.int32]

STEPS = 2048
"""Embeddings are multiples of 1/STEPS: a product of two has 22 binary places, and float32 holds 24
bits.
"""

BLOCK = 8_000_000
"""Cosines held at once: 32 MB of float32."""

LOWEST = np.float32(-4)
"""Below the product of any two rows, whose norms are below 2."""


def round_embeddings(unit: NDArray[np.floating]) -> Vectors:
    """Unit rows [n, dim] to multiples of 2^-11, float32: their dot products are exact in any order,
    batch or BLAS.

    Raises ValueError if a row is not finite or its norm is not 1 within 1e-3.
    """
    if unit.ndim != 2:
        raise ValueError(f"embeddings must be [n, dim], found shape {unit.shape}")
    squares = np.square(unit.astype(np.float64)).sum(axis=1)
    if not np.all(np.abs(squares - 1.0) < 2e-3):
        raise ValueError("embeddings must be finite rows of norm 1")
    return (np.rint(unit.astype(np.float64) * STEPS) / STEPS).astype(np.float32)


def require_exact(index: Vectors) -> None:
    """Raise ValueError unless every dot product of two rows of the index is exact in float32.

    Multiples of 2^-22 are exact below 4; a partial sum is at most the product of the norms
    (Cauchy-Schwarz).
    """
    if index.dtype != np.float32 or index.ndim != 2:
        raise ValueError(f"the index must be float32 [n, dim], found {index.dtype} {index.shape}")
    steps = index * np.float32(STEPS)
    if not np.array_equal(steps, np.rint(steps)):
        raise ValueError("the index must hold multiples of 2^-11: call round_embeddings first")
    if np.square(index.astype(np.float64)).sum(axis=1).max(initial=0.0) >= 4.0:
        raise ValueError("the index must hold rows of norm below 2, or products are not exact")


def cosines(a: Vectors, b: Vectors) -> Vectors:
    """Cosines float32 [n_a, n_b] of rounded rows; exact."""
    return a @ b.T


def pair_cosines(index: Vectors, items: Items, beside: Items) -> Vectors:
    """Cosines float32 [n_rows, n_items, n_beside] of items int32 [n_rows, n_items] and what stands
    beside them.

    beside: int32 [n_rows, n_beside], no padding; items may be -1, then the cosines mean nothing.
    Exact, so that it does not matter which of the two ways is taken.
    """
    n_columns = int(beside.max(initial=-1)) + 1
    if n_columns > 4 * beside.shape[1]:
        pairs: Vectors = index[items] @ index[beside].transpose(0, 2, 1)
        return pairs
    known, place = np.unique(items, return_inverse=True)
    block = cosines(index[known], index[:n_columns])
    return block[place.reshape(items.shape)[:, :, None], beside[:, None, :]]


def nearest(
    index: Vectors,
    rows: Vectors,
    k: int,
    is_candidate: NDArray[np.bool_],
    *,
    leave_out: Items | None = None,
) -> tuple[Items, Vectors]:
    """The k candidates of the index with the greatest cosine to each row, ties by item number;
    exact.

    index: rounded float32 [n, dim]; rows: rounded float32 [n_rows, dim]; is_candidate: bool [n];
    leave_out: an item number for each row that it must not get, or -1. Returns items int32 [n_rows,
    k] and cosines float32 [n_rows, k]; where there are fewer candidates, -1 and NaN.
    """
    numbers = np.flatnonzero(is_candidate).astype(np.int32)
    columns = (
        index[: len(numbers)]
        if len(numbers) and numbers[-1] == len(numbers) - 1
        else index[numbers]
    )
    items = np.full((len(rows), k), -1, dtype=np.int32)
    found = np.full((len(rows), k), np.nan, dtype=np.float32)
    step = max(1, min(len(rows), BLOCK // max(1, len(numbers))))
    held = np.empty(
        (step, len(numbers)), np.float32
    )  # once: fresh memory costs as much as the products
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        block = _products(some, columns, held[: len(some)])
        if leave_out is not None:
            _strike(block, numbers, leave_out[start : start + step])
        row, column, place = _greatest(block, k)
        items[start + row, place] = numbers[column]
        found[start + row, place] = block[row, column]
    return items, found


def _products(rows: Vectors, columns: Vectors, held: Vectors) -> Vectors:
    """Cosines [n_rows, n_columns] in memory that is held already."""
    if (
        len(rows) == 1
    ):  # BLAS would wake a thread a core, and they spin on beside whatever comes next
        np.einsum("nd,d->n", columns, rows[0], out=held[0])
        return held
    return np.matmul(rows, columns.T, out=held)


def _strike(block: Vectors, numbers: Items, leave_out: Items) -> None:
    column = np.searchsorted(numbers, leave_out)
    inside = np.minimum(column, len(numbers) - 1)
    struck = (
        np.flatnonzero(numbers[inside] == leave_out)
        if len(numbers)
        else np.empty(0, dtype=np.int64)
    )
    block[struck, inside[struck]] = -np.inf


def _greatest(
    block: Vectors, k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, column and place below k of the k greatest of each row; ties by column."""
    n_rows, n_columns = block.shape
    floor = _lower_bound(block, k)
    flat = np.flatnonzero(block >= floor[:, None])
    row, column = np.divmod(flat, max(1, n_columns))
    # Cosines are multiples of 2^-22, so one integer holds row and cosine; a stable sort leaves ties
    # in column order.
    descending = np.int64(1 << 24) - (block.ravel()[flat].astype(np.float64) * (1 << 22)).astype(
        np.int64
    )
    order = np.argsort((row << 26) + descending, kind="stable")
    row = row[order]
    column = column[order]
    place = np.arange(len(row)) - np.searchsorted(row, np.arange(n_rows))[row]
    kept = place < k
    return row[kept], column[kept], place[kept]


def _lower_bound(block: Vectors, k: int) -> Vectors:
    """A bound [n_rows] that at least k values of a row reach: the k-th greatest of the maxima of
    groups.

    Never below what a cosine can be, so that what was struck does not reach it.
    """
    n_rows, n_columns = block.shape
    if n_columns <= k:
        return np.full(n_rows, LOWEST, dtype=np.float32)
    size = max(1, n_columns // (8 * k))
    n_groups = n_columns // size
    maxima = block[:, : n_groups * size].reshape(n_rows, size, n_groups).max(axis=1)
    bound: Vectors = np.maximum(np.partition(maxima, n_groups - k, axis=1)[:, n_groups - k], LOWEST)
    return bound


class Index(Protocol):
    """What can be asked for the nearest candidates of rows."""

    def nearest(
        self, rows: Vectors, k: int, *, leave_out: Items | None = None
    ) -> tuple[Items, Vectors]:
        """Items int32 [n_rows, k], nearest first, ties by item number, -1 = none; cosines, NaN =
        none.
        """


@dataclass(frozen=True)
class ExactIndex:
    """All of the nearest: every candidate is looked at. index: rounded float32 [n, dim]."""

    index: Vectors
    is_candidate: NDArray[np.bool_]

    def nearest(
        self, rows: Vectors, k: int, *, leave_out: Items | None = None
    ) -> tuple[Items, Vectors]:
        """As the function of that name."""
        return nearest(self.index, rows, k, self.is_candidate, leave_out=leave_out)


class VisualNeighbours:
    """The visual nearest of every item asked for so far: a cache, on which results do not
    depend.
    """

    def __init__(
        self, index: Vectors, is_candidate: NDArray[np.bool_], k: int, search: Index | None = None
    ) -> None:
        """index: rounded float32 [n, dim]; search: asked for what is not known yet; left out:
        exact.
        """
        self.k = min(k, int(np.count_nonzero(is_candidate)))
        self._index = index
        self._search = search or ExactIndex(index, is_candidate)
        self._slot = np.full(len(index), -1, dtype=np.int64)
        self._lists = np.empty((0, self.k), dtype=np.int32)
        self._used = 0

    def of(self, items: Items) -> Items:
        """Items int32 [n] to their neighbours int32 [n, k], nearest first, never themselves; -1 =
        none.
        """
        unknown = np.unique(items[self._slot[items] < 0])
        if len(unknown):
            self._learn(unknown)
        return self._lists[self._slot[items]]

    def _learn(self, unknown: Items) -> None:
        end = self._used + len(unknown)
        if end > len(self._lists):
            grown = np.empty(
                (min(max(end, 2 * len(self._lists)), len(self._index)), self.k), dtype=np.int32
            )
            grown[: self._used] = self._lists[: self._used]
            self._lists = grown
        found, _ = self._search.nearest(self._index[unknown], self.k, leave_out=unknown)
        self._lists[self._used : end] = found
        self._slot[unknown] = np.arange(self._used, end)
        self._used = end
