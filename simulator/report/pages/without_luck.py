"""The table of differences as they were drawn, beside what the judge expected of the same slates.

Both aim at the same number. What is expected has no luck of the draw in it, so its interval is
narrower; the last column says how many times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.report.numbers.comparison import Comparison
from simulator.report.numbers.expected_outcomes import EXPECTED_OF
from simulator.report.numbers.statistics import Gap
from simulator.report.text import labels
from simulator.report.text.sentences import Subjects


@dataclass(frozen=True)
class DrawnAndExpected:
    """One row: a difference drawn and expected, as text."""

    title: str
    drawn: str
    drawn_ends: str
    expected: str
    expected_ends: str
    narrower: str
    """How many times as wide the drawn one's interval is: 6.3 times; empty where one is missing."""


def table(comparison: Comparison, subjects: Subjects) -> list[DrawnAndExpected]:
    """Focus minus reference in each measure that has both; empty where one policy stands alone."""
    if subjects.reference is None:
        return []
    a = subjects.focus
    b = subjects.reference
    names = {name.partition("@")[0]: name for name in comparison.policies[a]}
    rows = []
    for drawn, expected in EXPECTED_OF.items():
        gaps = [comparison.gap(a, b, names.get(stem, stem)) for stem in (drawn, expected)]
        if not any(math.isnan(gap.value) for gap in gaps):
            rows.append(_row(labels.of(drawn).title, labels.of(drawn).unit, *gaps))
    return rows


def _row(title: str, unit: str, drawn: Gap, expected: Gap) -> DrawnAndExpected:
    points = " points" if unit == "share" else ""
    return DrawnAndExpected(
        title=title,
        drawn=labels.gap(drawn.value, unit) + points,
        drawn_ends=labels.interval(drawn, unit),
        expected=labels.gap(expected.value, unit) + points,
        expected_ends=labels.interval(expected, unit),
        narrower=_narrower(drawn, expected),
    )


def _narrower(drawn: Gap, expected: Gap) -> str:
    """Of two Student intervals with the same freedom, the widths are as the standard errors."""
    wide = drawn.high - drawn.low
    narrow = expected.high - expected.low
    if math.isnan(wide) or math.isnan(narrow) or narrow <= 0:
        return ""
    return f"{wide / narrow:.1f} times"
