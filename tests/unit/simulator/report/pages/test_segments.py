"""For whom: the section's tables and its sentence."""

from __future__ import annotations

import numpy as np

from simulator.report.numbers.panel import Ints, Panel
from simulator.report.numbers.segments.divisions import Division
from simulator.report.numbers.segments.gaps import SegmentGap
from simulator.report.numbers.statistics import NO_GAP, Gap
from simulator.report.pages import segments


def _nobody(panel: Panel) -> Ints:
    return np.full(len(panel.slates.day), -1)


VISIT = Division("visit", "Visits", ("first", "later"), _nobody)
CATEGORY = Division("category", "By category", ("jeans", "shirts", "hats"), _nobody)
MORE = Gap(0.012, 0.005, 0.019, 0.001)
LESS = Gap(-0.012, -0.019, -0.005, 0.001)


def _one(division: Division, segment: str, gap: Gap, p: float) -> SegmentGap:
    return SegmentGap(division, segment, 100, 0.05, 0.038, gap, p)


def test_each_division_has_a_table_and_categories_are_folded() -> None:
    """They may be many."""
    found = segments.tables(
        [
            _one(VISIT, "first", MORE, 0.01),
            _one(VISIT, "later", MORE, 0.2),
            _one(CATEGORY, "jeans", MORE, 0.01),
            _one(CATEGORY, "shirts", MORE, 0.01),
            _one(CATEGORY, "hats", NO_GAP, float("nan")),
        ]
    )
    assert [(one.title, len(one.rows), one.is_folded) for one in found] == [
        ("Visits", 2, False),
        ("By category", 2, True),
    ]
    first, later = found[0].rows
    assert (first.gap, first.ends, first.p) == ("+1.20 points", "0.50 to 1.90", "0.010")
    assert first.is_beyond_chance
    assert not later.is_beyond_chance


def test_a_division_with_one_segment_divides_nothing() -> None:
    """Nobody came a second time: no table."""
    assert (
        segments.tables([_one(VISIT, "first", MORE, 0.01), _one(VISIT, "later", NO_GAP, 1)]) == []
    )


def test_the_sentence_counts_those_beyond_chance_by_the_corrected_p() -> None:
    """One more, one less, one that cannot be told."""
    found = [
        _one(VISIT, "first", MORE, 0.01),
        _one(VISIT, "later", LESS, 0.01),
        _one(CATEGORY, "jeans", MORE, 0.06),
    ]
    said = segments.sentence(found, "blend", "visual")
    assert "clicked more often than visual in 1 of the 3 segments and less often in 1." in said
    assert "less often in none." in segments.sentence(found[:1], "blend", "visual")
    none = segments.sentence([_one(VISIT, "first", MORE, 0.06)], "blend", "visual")
    assert none == "In none of the 1 segments do blend and visual differ beyond chance."
    assert segments.sentence([], "blend", "") == ""
