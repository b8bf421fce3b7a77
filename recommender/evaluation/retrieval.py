"""How well a space of vectors finds pictures of the same class, and which pictures are nearly the
same.

A query's answer is the whole gallery in falling cosine; relevant is what carries the query's label.
Average precision as in trec_eval: the mean over the relevant of the precision at their rank. Equal
cosines stand in the order of the gallery, which knows nothing of labels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.search.similarity import nearest

Vectors = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Labels = NDArray[np.integer[Any]]
Values = NDArray[np.float64]
Places = NDArray[np.int64]

BLOCK = 16_000_000
"""Cosines held at once: 64 MB of float32."""

COLUMN_BITS = 18
"""Of a sort key: the column and the mark of relevance; the 32 bits of the cosine stand above
them.
"""

DOUBT = 1e-4
"""Float32 sums of 784 products are at most so far from the exact cosine, with a wide margin."""


@dataclass(frozen=True)
class Retrieval:
    """One value a query, float64 [n_queries]; NaN: no relevant picture in the gallery."""

    average_precision: Values
    precision: Values

    def of(self, queries: Places | NDArray[np.bool_]) -> Retrieval:
        """The same of some of the queries."""
        return Retrieval(self.average_precision[queries], self.precision[queries])


def retrieve(
    queries: Vectors,
    gallery: Vectors,
    query_labels: Labels,
    gallery_labels: Labels,
    *,
    depth: int = 10,
    leave_out: Places | None = None,
) -> Retrieval:
    """Average precision over the whole gallery, and precision among the first `depth`.

    queries, gallery: float32 unit rows [n, dim]; leave_out: a gallery row that each query must not
    meet, or -1. Raises ValueError for a gallery too large for the keys, or smaller than `depth`.
    """
    n = len(gallery)
    if not depth < n <= 1 << (COLUMN_BITS - 1):
        raise ValueError(
            f"the gallery must hold more than {depth} and at most {1 << 17} rows, found {n}"
        )
    classes, query_class = np.unique(query_labels, return_inverse=True)
    columns = np.arange(n, dtype=np.int64) << 1
    marked = np.stack([columns | (gallery_labels == one) for one in classes]).reshape(
        len(classes), n
    )
    struck = np.full(len(queries), -1, np.int64) if leave_out is None else leave_out
    found = np.empty((2, len(queries)))
    threads = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )

    def measure(rows: slice, cosines: Vectors) -> None:
        for row, one in zip(
            range(rows.start, rows.stop), cosines, strict=True
        ):  # a row fits into the cache
            keys = _keys(one)
            keys |= marked[query_class[row]]
            if struck[row] >= 0:
                keys[struck[row]] = np.iinfo(np.int64).max - 1  # last of all, and not relevant
            keys.sort()
            found[:, row] = _measured((keys & 1).astype(np.bool_), depth)

    step = max(1, BLOCK // n // threads)
    with ThreadPoolExecutor(threads) as pool:
        for block in _slices(len(queries), step * threads):
            cosines = queries[block] @ gallery.T
            parts = list(_slices(len(cosines), step))
            rows = [slice(block.start + part.start, block.start + part.stop) for part in parts]
            list(pool.map(measure, rows, [cosines[part] for part in parts]))
    return Retrieval(found[0], found[1])


def retrieve_by_code(
    query_codes: Labels,
    gallery_codes: Labels,
    query_labels: Labels,
    gallery_labels: Labels,
    *,
    depth: int = 10,
    leave_one_out: bool = False,
) -> Retrieval:
    """As `retrieve`, when all that is known of a picture is one code: equal codes first, then the
    rest.

    Nothing orders the pictures within the two groups, so the values are expectations over all their
    orders. leave_one_out: queries and gallery are the same pictures, and none meets itself.
    """
    n_classes = (
        int(max(one.max() for one in (query_codes, gallery_codes, query_labels, gallery_labels)))
        + 1
    )
    table = np.zeros((n_classes, n_classes), np.int64)  # code by label
    np.add.at(table, (gallery_codes, gallery_labels), 1)
    cells, cell_of = np.unique(
        np.stack([query_codes.astype(np.int64), query_labels.astype(np.int64)]),
        axis=1,
        return_inverse=True,
    )
    values = []
    for code, label in cells.T:
        held = table.copy()
        held[code, label] -= leave_one_out
        sizes = np.array([held[code].sum(), held.sum() - held[code].sum()])
        relevant = np.array([held[code, label], held[:, label].sum() - held[code, label]])
        values.append(
            (
                expected_average_precision(sizes, relevant),
                expected_precision(sizes, relevant, depth),
            )
        )
    by_query = np.array(values)[np.ravel(cell_of)]
    return Retrieval(by_query[:, 0], by_query[:, 1])


def expected_average_precision(sizes: Labels, relevant: Labels) -> float:
    """The mean of average precision over all orders within groups of equal score, best group first.

    sizes, relevant: pictures and relevant ones in each group. McSherry and Najork 2008, "Computing
    information retrieval performance measures efficiently in the presence of tied scores".
    """
    total = 0.0
    before = 0
    hits = 0
    for size, right in zip(np.asarray(sizes).tolist(), np.asarray(relevant).tolist(), strict=True):
        if right:
            ahead = np.arange(size)  # of the same group
            others = ahead * ((right - 1) / (size - 1)) if size > 1 else ahead
            total += right / size * float(((hits + 1 + others) / (before + 1 + ahead)).sum())
        before = before + size
        hits = hits + right
    return total / hits if hits else float("nan")


def expected_precision(sizes: Labels, relevant: Labels, depth: int) -> float:
    """The mean share of relevant among the first `depth` over all orders within groups of equal
    score.
    """
    left = depth
    hits = 0.0
    for size, right in zip(np.asarray(sizes).tolist(), np.asarray(relevant).tolist(), strict=True):
        taken = min(left, size)
        hits += taken * right / size if size else 0.0
        left -= taken
    return hits / depth if np.sum(relevant) else float("nan")


@dataclass(frozen=True)
class Twins:
    """For each picture its most similar one in a gallery: place int64 [n], cosine of pixels float64
    [n].
    """

    place: Places
    cosine: Values


def twins(pixels: Pixels, gallery: Pixels) -> Twins:
    """The gallery picture with the greatest cosine of raw pixels, ties by place; both uint8 [n, h,
    w].

    Float32 finds the candidates, whole numbers decide: the answer does not depend on the order of
    sums.
    """
    flat = pixels.reshape(len(pixels), -1)
    items = gallery.reshape(len(gallery), -1)
    rows = unit_rows(flat)
    columns = unit_rows(items)
    place = np.zeros(len(flat), np.int64)
    cosine = np.zeros(len(flat))
    for part in _slices(len(flat), max(1, BLOCK // len(items))):
        block = rows[part] @ columns.T
        row, column = np.divmod(
            np.flatnonzero(block >= block.max(1, keepdims=True) - DOUBT), len(items)
        )
        exact = exact_cosines(flat[part][row], items[column])
        order = np.lexsort((column, -exact, row))
        first = order[np.searchsorted(row[order], np.arange(len(block)))]
        place[part] = column[first]
        cosine[part] = exact[first]
    return Twins(place, cosine)


def exact_cosines(pixels: Pixels, beside: Pixels) -> Values:
    """Cosines float64 [n] of pictures uint8 [n, size], row by row; the sums are of whole
    numbers.
    """
    a = pixels.astype(np.int64)
    b = beside.astype(np.int64)
    dot = (a * b).sum(1)
    norms = (a * a).sum(1).astype(np.float64) * (b * b).sum(1)
    cosine = np.zeros(len(a))
    np.divide(dot, np.sqrt(norms), out=cosine, where=norms > 0)
    return np.where((pixels == beside).all(1), 1.0, cosine)


@dataclass(frozen=True)
class Vote:
    """What the k nearest pictures say of each picture's label."""

    neighbours: NDArray[np.int32]
    """int32 [n, k], nearest first."""
    winner: Places
    """int64 [n], the label that most of them carry, the lowest of equals."""
    votes: Places
    """int64 [n], how many carry it."""


def vote(vectors: Vectors, labels: Labels, *, k: int) -> Vote:
    """The vote of each picture's k nearest others; vectors: rounded unit rows, float32 [n, dim]."""
    n = len(vectors)
    numbers = np.arange(n, dtype=np.int32)
    neighbours, _ = nearest(vectors, vectors, k, np.ones(n, np.bool_), leave_out=numbers)
    said = labels[neighbours].astype(np.int64)
    counts = np.stack([(said == one).sum(1) for one in range(int(labels.max()) + 1)], axis=1)
    return Vote(neighbours, counts.argmax(1), counts.max(1))


class PixelComponents:
    """Principal components of pictures: vectors without labels, which an embedder must beat.

    mean: float64 [h * w]; components: float64 [h * w, n_components], the widest first.
    """

    def __init__(self, pixels: Pixels, n_components: int) -> None:
        """Learn mean and components from pictures uint8 [n, h, w]; sums are of whole numbers and
        exact.
        """
        flat = pixels.reshape(len(pixels), -1)
        size = flat.shape[1]
        self.mean = flat.sum(0, dtype=np.int64) / len(flat)
        products = np.zeros((size, size))
        for part in _slices(len(flat), 10_000):
            rows = flat[part].astype(np.float64)
            products += rows.T @ rows
        covariance = products / len(flat) - np.outer(self.mean, self.mean)
        _, components = np.linalg.eigh(covariance)
        self.components = components[:, ::-1][:, :n_components].astype(np.float64)

    def project(self, pixels: Pixels) -> Vectors:
        """Unit rows float32 [n, n_components] of pictures uint8 [n, h, w]."""
        flat = pixels.reshape(len(pixels), -1)
        found = np.empty((len(flat), self.components.shape[1]))
        for part in _slices(len(flat), 10_000):
            found[part] = (flat[part] - self.mean) @ self.components
        return unit_rows(found)


def unit_rows(rows: NDArray[Any]) -> Vectors:
    """Rows of norm 1, float32 [n, dim]; a row of zeros stays one."""
    vectors: Vectors = rows.reshape(len(rows), -1).astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(norms > 0, norms, 1)
    return vectors


def _keys(cosines: Vectors) -> Places:
    """Whole numbers that rise as cosines fall, with room for column and mark: int64 [n]."""
    bits = (cosines + np.float32(0)).view(np.int32)  # adding 0 makes one zero of both
    rising = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    return (~rising).astype(np.int64) << COLUMN_BITS


def _measured(is_relevant: NDArray[np.bool_], depth: int) -> tuple[float, float]:
    """Average precision and precision of one row of marks, best first."""
    rank = np.flatnonzero(is_relevant) + 1
    if not len(rank):
        return float("nan"), float("nan")
    return float((np.arange(1, len(rank) + 1) / rank).mean()), float(is_relevant[:depth].mean())


def _slices(n: int, step: int) -> Iterator[slice]:
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))
