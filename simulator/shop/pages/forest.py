"""A forest plot as server-made SVG: each paired difference on its own scale, its interval as a
line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.report.text import labels

LEFT = 300.0
RIGHT = 700.0
ROW = 30.0
TOP = 34.0
MIDDLE = (LEFT + RIGHT) / 2


@dataclass(frozen=True)
class PlottedGap:
    """One line of the plot; places in pixels."""

    title: str
    told: str
    y: float
    low: float
    high: float
    dot: float
    is_sure: bool


@dataclass(frozen=True)
class Forest:
    """The plot: its rows, its height, and the measures that had no difference to draw."""

    rows: list[PlottedGap]
    height: float
    left_out: list[str]
    zero: float = MIDDLE


def forest(gaps: Sequence[tuple[str, str, Any]]) -> Forest:
    """gaps: (title, unit, Gap). Each row is scaled by its own largest end, so that a bar that does
    not touch the line is a difference beyond chance.
    """
    rows: list[PlottedGap] = []
    left_out: list[str] = []
    for title, unit, gap in gaps:
        ends = (gap.low, gap.high)
        if not all(map(math.isfinite, ends)):  # too few to say: the difference alone
            ends = (gap.value, gap.value)
        reach = max(abs(ends[0]), abs(ends[1])) * (1 if ends[0] < ends[1] else 2)
        if not math.isfinite(gap.value) or reach == 0.0:
            left_out.append(title)
            continue
        half = (RIGHT - LEFT) / 2 - 6
        low, dot, high = (MIDDLE + half * one / reach for one in (ends[0], gap.value, ends[1]))
        rows.append(
            PlottedGap(
                title,
                labels.gap(gap.value, unit),
                TOP + ROW * len(rows),
                round(low, 1),
                round(high, 1),
                round(dot, 1),
                gap.low > 0 or gap.high < 0,
            )
        )
    return Forest(rows, TOP + ROW * len(rows) + 10, left_out)
