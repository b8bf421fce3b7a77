"""A picture seen among its nearest: embeddings averaged with their neighbours in the catalogue, and
again.

Database-side feature augmentation (Turcot, Lowe 2009, "Better matching with fewer features") for
the items, average query expansion (Chum et al. 2007, "Total recall") for what asks. The second
round averages the averages, so that a kind is followed from neighbour to neighbour where it has
several shapes. Averages say better which kind of thing a picture shows and worse which picture it
is: the item on a photo is no longer found first. So the vector itself is kept beside them;
docs/LOG.md has the figures.
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
    """A catalogue and its averages: what `similar` searches in place of plain embeddings."""

    rounds: tuple[Vectors, ...]
    """The rows as they are, averaged once, twice, ...: rounded float32 [n, dim] each."""
    k: int
    """Vectors an average."""

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
        """The same of new pictures, rounded float32 [n_queries, dim]: what `searched` is asked
        with.

        A query that is an item gets what that item has, the first of those that are alike.
        """
        itself = np.array(
            [_first_alike(query, self.rounds[0]) for query in queries], dtype=np.int32
        )
        averages = queries
        for rows in self.rounds[:-1]:
            averages = _averaged(averages, rows, depth(len(rows), self.k), itself)
        return beside(queries, averages)


def depth(n: int, k: int = NEIGHBOURS) -> int:
    """How many vectors are averaged among n: k, but at most the root of n, so that few are hardly
    blurred.

    Raises ValueError for a k below 1.
    """
    if k < 1:
        raise ValueError(f"at least the vector itself is averaged, found k = {k}")
    return max(1, min(k, math.isqrt(n)))


def smoothed(rows: Vectors, k: int = NEIGHBOURS) -> Vectors:
    """Each row averaged, once, with its k - 1 nearest others, k as `depth` allows; unit length,
    rounded.

    rows: rounded float32 [n, dim]. Neighbours are exact, ties by item number, and sums of rounded
    rows are exact too: the bytes depend on no BLAS, batch or thread.
    """
    require_exact(rows)
    everything = np.arange(len(rows), dtype=np.int32)
    return _averaged(rows, rows, depth(len(rows), k), everything)


def beside(rows: Vectors, averages: Vectors) -> Vectors:
    """Rows and their averages in one vector, each half of the squared length: float32 [n, 2 * dim],
    rounded.

    Cosines are then about the mean of both cosines.
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
