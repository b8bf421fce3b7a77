"""Embeddings beside averages of their nearest neighbours, which say better what kind of thing a
picture shows.

Items are averaged as in Turcot and Lowe (2009), "Better matching with fewer features", queries as
in Chum et al. (2007), "Total recall". A second round averages the averages, so that a class with
several shapes is followed from neighbour to neighbour.

An average alone no longer finds the very item on a photo first. So each vector is kept beside its
average. docs/LOG.md has the figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.embedding.unlabelled.pixel_pca import unit
from recommender.search.similarity import Items, Vectors, nearest, require_exact, round_embeddings

NEIGHBOURS = 20
ROUNDS = 2
"""How many vectors are averaged, the item's own among them; and how many times over."""


@dataclass(frozen=True)
class Neighbourhoods:
    """A catalogue and its averages: what `similar` searches instead of plain embeddings."""

    rounds: tuple[Vectors, ...]
    """The rows as they are, then averaged once, twice, and so on: rounded float32 [n, dim] each."""
    k: int
    """How many vectors an average is taken over."""

    @classmethod
    def of(cls, rows: Vectors, *, k: int = NEIGHBOURS, n_rounds: int = ROUNDS) -> Neighbourhoods:
        """Of rounded rows float32 [n, dim]; ValueError for rows that are not, and for a k below
        1.
        """
        found = [rows]
        for _ in range(n_rounds):
            found.append(smoothed(found[-1], k))
        return cls(tuple(found), k)

    def searched(self) -> Vectors:
        """Each item's vector beside its last average: float32 [n, 2 * dim], rounded."""
        return beside(self.rounds[0], self.rounds[-1])

    def asked(self, queries: Vectors) -> Vectors:
        """The same for queries, rounded float32 [n_queries, dim]: to be compared with `searched`.

        A query that equals an item gets that item's vector; of several equal items, the first.
        """
        itself = np.array(
            [_first_alike(query, self.rounds[0]) for query in queries], dtype=np.int32
        )
        averages = queries
        for rows in self.rounds[:-1]:
            averages = _averaged(averages, rows, depth(len(rows), self.k), itself)
        return beside(queries, averages)


def depth(n: int, k: int = NEIGHBOURS) -> int:
    """How many vectors an average is taken over in a catalogue of n: k, but at most the square root
    of n, so that a small catalogue keeps its detail.

    Raises ValueError for a k below 1.
    """
    if k < 1:
        raise ValueError(f"at least the vector itself is averaged, found k = {k}")
    return max(1, min(k, math.isqrt(n)))


def smoothed(rows: Vectors, k: int = NEIGHBOURS) -> Vectors:
    """Each row averaged with its k - 1 nearest others; k is what `depth` allows. Unit length,
    rounded.

    rows: rounded float32 [n, dim]. Neighbours are exact, ties by item number, and sums of rounded
    rows are exact too: the bytes depend on no BLAS, batch or thread.
    """
    require_exact(rows)
    everything = np.arange(len(rows), dtype=np.int32)
    return _averaged(rows, rows, depth(len(rows), k), everything)


def beside(rows: Vectors, averages: Vectors) -> Vectors:
    """Each row and its average in one vector of unit length: float32 [n, 2 * dim], rounded.

    Both halves are equally long, so a cosine is about the mean of the two cosines.
    """
    return round_embeddings(unit(np.hstack([rows, averages]).astype(np.float64)))


def _averaged(rows: Vectors, catalogue: Vectors, k: int, itself: Items) -> Vectors:
    """itself: the item that a row is, int32 [n_rows], or -1."""
    if k == 1:
        return rows
    found, _ = nearest(catalogue, rows, k - 1, np.ones(len(catalogue), np.bool_), leave_out=itself)
    sums: NDArray[np.float64] = rows.astype(np.float64)
    for column in found.T:
        sums += catalogue[column]
    return round_embeddings(unit(sums))


def _first_alike(query: Vectors, rows: Vectors) -> int:
    alike = np.flatnonzero((rows == query).all(axis=1))
    return int(alike[0]) if len(alike) else -1
