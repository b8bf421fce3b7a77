"""What is said of one measure: formula, name, title, sentence, unit, and whether more is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from simulator.report.numbers.panel import Panel
from simulator.report.numbers.statistics import ANYTHING, POSITIVE, SHARE, Ends, Estimate

SHARE_OF_LEAD = "share_of_oracle_lead"
"""(policy - visual) / (oracle - visual) on ctr_late_expected; only where both are among the
runs.
"""
Unit = Literal["share", "money", "seconds", "bits", "index", "number"]


@dataclass(frozen=True)
class Measure:
    """One measure."""

    name: str
    """In metrics.json; {k} stands for the size of a slate."""
    formula: Callable[[Panel], Estimate] | None = None
    """What measures it in a run; None where it takes more than one, or is taken of some runs only.
    """
    _: KW_ONLY
    title: str
    unit: Unit
    better: Literal["more", "less"] | None
    """"more" or "less"; None where neither is better by itself."""
    meaning: str
    by_class: bool = False
    """It goes by the items' categories."""
    is_signed: bool = False
    """It may be less than nothing, and more than all."""
    one_run_tells: Literal["of all", "of who learns nothing", "of nobody"] = "of all"
    """Of which policies one run has an interval over its shoppers: measured, see STATISTICS.md."""

    @property
    def ends(self) -> Ends:
        """The ends of its scale."""
        if self.is_signed:
            return ANYTHING
        return SHARE if self.unit == "share" else POSITIVE

    @property
    def stem(self) -> str:
        """Its name without the size of a slate."""
        return self.name.partition("@")[0]


def without_luck(
    name: str,
    formula: Callable[[Panel], Estimate],
    *,
    title: str,
    chance: str,
    unit: Unit = "share",
) -> Measure:
    """The row of what the judge expected of a measure that is drawn."""
    return Measure(
        name,
        formula,
        title=f"{title}, expected",
        unit=unit,
        better="more",
        meaning=f"The same without the luck: the judge's chance of {chance}.",
    )
