"""A forest plot, a row of SVG each: a paired difference with its interval, on its own scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.report.text import labels

MIDDLE = 50.0
REACH = 46.0
"""Percent of a row's width, so that it fits a phone; the rest is room for half a dot."""


@dataclass(frozen=True)
class PlottedGap:
    """One row of the plot; places in percent of its width."""

    title: str
    told: str
    low: float
    high: float
    dot: float
    is_sure: bool


@dataclass(frozen=True)
class Forest:
    """The plot: its rows, and the measures that had no difference to draw."""

    rows: list[PlottedGap]
    left_out: list[str]


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
        low, dot, high = (MIDDLE + REACH * one / reach for one in (ends[0], gap.value, ends[1]))
        rows.append(
            PlottedGap(
                title,
                labels.gap(gap.value, unit),
                round(low, 1),
                round(high, 1),
                round(dot, 1),
                gap.low > 0 or gap.high < 0,
            )
        )
    return Forest(rows, left_out)
