"""What came out of counting one part."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.recount.cells import Difference


@dataclass(frozen=True)
class Counted:
    """A generation of a run, or a whole log."""

    cells: int
    """That either counting has."""
    sessions: int
    difference: Difference | None
    where: str
    """Words that stand before a difference."""
    names: tuple[str, str]
    """Of the two numbers of a cell."""
