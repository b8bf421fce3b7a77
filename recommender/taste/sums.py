"""Sums of the learning in one order whatever computes them, and the equations that are solved with
them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender import exact
from recommender.taste.model import Floats

VARIANCE_STEPS = 2.0**16
"""Variances of tastes are multiples of 1/VARIANCE_STEPS."""

GRADIENT_STEPS = 12
"""Steps of conjugate gradients for the metric."""


@dataclass(frozen=True)
class CellGroups:
    """Cells, each of one group and one row of a table, sorted by group, in a group in their own
    order.
    """

    order: NDArray[np.integer]
    """[n_cells]: the place of each sorted cell among the cells as they were given."""

    row: NDArray[np.int64]
    """[n_cells]: the table's row of each sorted cell."""

    begin: NDArray[np.integer]
    """[n_groups + 1]: where each group's sorted cells begin, and where the last one's end."""

    @classmethod
    def of(cls, group: NDArray[np.int64], row: NDArray[np.int64], n: int) -> CellGroups:
        """Group and row of each cell, int64 [n_cells]; n: groups."""
        shape = (len(group), n)
        by_group = sparse.csr_array(
            (np.ones(len(group)), group, np.arange(len(group) + 1)), shape
        ).tocsc()
        return cls(by_group.indices, row[by_group.indices], by_group.indptr)

    def __len__(self) -> int:
        return len(self.begin) - 1

    def summed(self, factor: Floats, table: NDArray[np.floating]) -> Floats:
        """By group the sum over its cells of factor times the cell's row of the table [m, c].

        float64 [n_groups, c], added up in float32 in the order of the cells.
        """
        ordered = factor.ravel()[self.order].astype(np.float32)
        matrix = sparse.csr_array((ordered, self.row, self.begin), shape=(len(self), len(table)))
        return np.asarray(matrix @ table.astype(np.float32), dtype=np.float64)


def variances(precision: Floats) -> Floats:
    """Variances of tastes, float64 [n_shoppers, d, d], at most 1.

    They are so coarse that style' variance style is exact for every style shorter than 90.
    """
    return np.asarray(np.rint(exact.inverse(precision) * VARIANCE_STEPS) / VARIANCE_STEPS)


def asked_with(
    shopper: NDArray[np.int64], query: NDArray[np.int64], pictures: NDArray[np.int64], n: int
) -> sparse.csr_array:
    """A matrix [n shoppers, pictures] that adds up what the pictures that each asked with say."""
    place = np.minimum(np.searchsorted(pictures, query), max(0, len(pictures) - 1))
    asked = (
        np.flatnonzero(pictures[place] == query) if len(pictures) else np.zeros(0, dtype=np.int64)
    )
    cells = (np.ones(len(asked)), (shopper[asked], place[asked]))
    return sparse.csr_array(cells, shape=(n, len(pictures)))


def conjugate_gradients(
    stiffness: Callable[[Floats], Floats], wanted: Floats, start: Floats
) -> Floats:
    """The solution of stiffness(x) = wanted by conjugate gradients (Hestenes and Stiefel 1952)."""
    x = start
    left = wanted - stiffness(x)
    way = left
    size = float((left * left).sum())
    for _ in range(GRADIENT_STEPS):
        if size <= 0:
            break
        ahead = stiffness(way)
        step = size / float((way * ahead).sum())
        x = x + step * way
        left = left - step * ahead
        before = size
        size = float((left * left).sum())
        way = left + size / before * way
    return x


def symmetric(matrix: Floats) -> Floats:
    """The upper half of each matrix [n, d, d] on both sides: rounded sums may differ in the last
    place.
    """
    upper = np.triu(matrix)
    return np.asarray(upper + np.triu(matrix, 1).transpose(0, 2, 1))
