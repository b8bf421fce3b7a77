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
from recommender.taste.threads import each

VARIANCE_STEPS = 2.0**16
"""Variances of tastes are multiples of 1/VARIANCE_STEPS."""

ROWS_AT_ONCE = 512
"""Rows, each with a matrix of its own, that are computed at once."""

COLUMNS_AT_ONCE = 46
"""Columns that are added up at once at most, in parts of equal size."""

GRADIENT_STEPS = 12
"""Steps of conjugate gradients for the metric."""


@dataclass(frozen=True)
class CellGroups:
    """Cells, each of one group and one row of a table, sorted by group, in a group in their own
    order.
    """

    order: NDArray[np.integer]
    """[n_cells]: the place of each sorted cell among the cells as they were given."""

    row: NDArray[np.int32]
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
        order = by_group.indices
        return cls(order, row[order].astype(np.int32), by_group.indptr.astype(np.int32))

    def __len__(self) -> int:
        return len(self.begin) - 1

    def summed(self, factor: Floats, table: NDArray[np.floating]) -> Floats:
        """By group the sum over its cells of factor times the cell's row of the table [m, c].

        float64 [n_groups, c], added up in float32 in the order of the cells.
        """
        ordered = factor.ravel()[self.order].astype(np.float32)
        matrix = sparse.csr_array((ordered, self.row, self.begin), shape=(len(self), len(table)))
        columns = table.shape[1]
        found = np.empty((len(self), columns))

        def some(part: slice) -> None:
            found[:, part] = matrix @ table[:, part].astype(np.float32)

        each(some, columns, -(-columns // -(-columns // COLUMNS_AT_ONCE)))
        return found


def variances(precision: Floats) -> Floats:
    """Variances of tastes, float64 [n_shoppers, d, d], at most 1.

    They are so coarse that style' variance style is exact for every style shorter than 90.
    """
    return by_rows(
        lambda some: np.rint(exact.inverse(some) * VARIANCE_STEPS) / VARIANCE_STEPS, precision
    )


def by_rows(function: Callable[..., Floats], *arrays: Floats) -> Floats:
    """What a function gives for the arrays, whose rows need nothing of each other, some rows at a
    time.
    """
    n = len(arrays[0])
    if n <= ROWS_AT_ONCE:
        return function(*arrays)
    return np.concatenate(
        each(lambda part: function(*(array[part] for array in arrays)), n, ROWS_AT_ONCE)
    )


def both_sides(half: Floats, d: int) -> Floats:
    """Symmetric matrices [n, d, d] of their upper halves, row by row [n, d (d + 1) / 2]."""
    row, column = np.triu_indices(d)
    place = np.empty((d, d), dtype=np.intp)
    place[row, column] = place[column, row] = np.arange(len(row))
    return np.asarray(half[:, place])


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
