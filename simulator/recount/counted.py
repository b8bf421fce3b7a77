"""What came out of counting one part."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.recount.cells import CellDifference


@dataclass(frozen=True)
class CountedPart:
    """A generation of a run, or a whole log."""

    cells: int
    """That either counting has."""
    sessions: int
    difference: CellDifference | None
    where: str
    """Words that stand before a difference."""
    names: tuple[str, str]
    """Of the two numbers of a cell."""
