"""The section of the report that says for whom the focus is better than the reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.report.numbers.segments.gaps import SegmentGap
from simulator.report.text import labels

_UNIT = "share"
FOLDED = "category"
"""The division that is folded away: it may have many rows."""


@dataclass(frozen=True)
class SegmentRow:
    """One segment, as text."""

    title: str
    focus: str
    reference: str
    gap: str
    ends: str
    p: str
    is_beyond_chance: bool


@dataclass(frozen=True)
class SegmentTable:
    """One division."""

    title: str
    rows: list[SegmentRow]
    is_folded: bool


def tables(found: Sequence[SegmentGap]) -> list[SegmentTable]:
    """A table a division, in their order; segments that nobody was in are left out."""
    made: list[SegmentTable] = []
    for name in dict.fromkeys(one.division.name for one in found):
        of_division = [one for one in found if one.division.name == name]
        rows = [_row(one) for one in of_division if not math.isnan(one.gap.value)]
        if len(rows) > 1:
            made.append(SegmentTable(of_division[0].division.title, rows, name == FOLDED))
    return made


def sentence(found: Sequence[SegmentGap], focus: str, reference: str) -> str:
    """How far the segments lie apart, in words."""
    seen = [one for one in found if not math.isnan(one.gap.value)]
    if not seen:
        return ""
    sure = [one for one in seen if one.is_beyond_chance]
    ahead = sum(one.gap.value > 0 for one in sure)
    if not sure:
        return (
            f"In none of the {len(seen)} segments do {focus} and {reference} differ beyond chance."
        )
    behind = len(sure) - ahead
    return (
        f"Beyond chance, {focus} was clicked more often than {reference} in {ahead} of the"
        f" {len(seen)} segments and less often in {behind or 'none'}."
    )


def _row(one: SegmentGap) -> SegmentRow:
    return SegmentRow(
        title=one.segment,
        focus=labels.number(one.focus, _UNIT),
        reference=labels.number(one.reference, _UNIT),
        gap=f"{labels.gap(one.gap.value, _UNIT)} points",
        ends=labels.interval(one.gap, _UNIT),
        p=labels.chance(one.p_adjusted),
        is_beyond_chance=one.is_beyond_chance,
    )
