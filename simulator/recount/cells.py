"""Two whole numbers for each pair of items, and the first pair in which two countings differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Pairs (i, j) of n items, by i, then j; a pair that is not there counts nothing."""

    n: int
    """How many item numbers there are."""
    key: Longs
    """int64 [n_cells] = i * n + j, strictly increasing."""
    values: Longs
    """int64 [n_cells, 2]."""

    @classmethod
    def of(cls, n: int, key: Longs, one: Longs, other: Longs) -> Cells:
        """Cells in any order; each key at most once."""
        order = np.argsort(key, kind="stable")
        return cls(n, key[order], np.stack([one[order], other[order]], axis=1).astype(np.int64))

    @classmethod
    def of_table(cls, n: int, table: pa.Table) -> Cells:
        """What an engine answered: columns i, j and two counts, in any order."""
        i, j, one, other = (
            np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), np.int64)
            for column in table.columns
        )
        return cls.of(n, i * n + j, one, other)

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class CellDifference:
    """A pair in which two countings differ; None: that one does not have it."""

    i: int
    j: int
    wanted: tuple[int, int] | None
    found: tuple[int, int] | None

    def text(self, names: tuple[str, str]) -> str:
        """The same in words; names: of the two numbers."""
        wanted, found = _words(self.wanted, names), _words(self.found, names)
        return f"items {self.i} and {self.j}: stored {wanted}, counted {found}"


def first_difference(wanted: Cells, found: Cells) -> CellDifference | None:
    """The pair with the lowest key that is not the same in both; None where all are."""
    if np.array_equal(wanted.key, found.key) and np.array_equal(wanted.values, found.values):
        return None
    n = min(len(wanted), len(found))
    is_other = (wanted.key[:n] != found.key[:n]) | (wanted.values[:n] != found.values[:n]).any(1)
    place = int(np.argmax(is_other)) if is_other.any() else n
    key = min(int(one.key[place]) for one in (wanted, found) if place < len(one))
    i, j = divmod(key, wanted.n)
    return CellDifference(i, j, _at(wanted, key), _at(found, key))


def _at(cells: Cells, key: int) -> tuple[int, int] | None:
    place = int(np.searchsorted(cells.key, key))
    if place == len(cells) or cells.key[place] != key:
        return None
    one, other = cells.values[place].tolist()
    return one, other


def _words(values: tuple[int, int] | None, names: tuple[str, str]) -> str:
    if values is None:
        return "nothing"
    return ", ".join(f"{name} {value:,}" for name, value in zip(names, values, strict=True))
