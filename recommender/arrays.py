"""Rows of unequal length as flat arrays: expand ranges, number the places in a row, pad to a
rectangle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[Any]
"""An integer array of any width."""


def expand(low: Integers, high: Integers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers low[r] .. high[r]-1 of every row r, flat; returns (row [n], number [n])."""
    lengths = (high - low).astype(np.int64)
    row = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    first = np.cumsum(lengths) - lengths
    return row, np.arange(len(row), dtype=np.int64) - first[row] + low[row]


def place(row: Integers, n_rows: int) -> NDArray[np.int64]:
    """0, 1, 2 ... within each row; row [n] is sorted."""
    first = np.searchsorted(row, np.arange(n_rows))
    return np.arange(len(row), dtype=np.int64) - first[row]


def padded(
    row: Integers, values: NDArray[Any], n_rows: int, *, width: int, empty: Any
) -> NDArray[Any]:
    """Values [n] of sorted rows [n] as [n_rows, width]; what is past the width is cut, gaps are
    `empty`.
    """
    rectangle = np.full((n_rows, width), empty, dtype=values.dtype)
    column = place(row, n_rows)
    kept = column < width
    rectangle[row[kept], column[kept]] = values[kept]
    return rectangle


def total(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row sums of float64 [n_rows, n_columns], added from left to right whatever the shape."""
    result = np.zeros(len(columns), dtype=np.float64)
    for column in columns.T:
        result += column
    return result
