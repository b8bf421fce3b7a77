"""Differences drawn and expected, side by side."""

from __future__ import annotations

from simulator.report.numbers import statistics
from simulator.report.numbers.comparison import Comparison, Difference, compare_runs
from simulator.report.numbers.expected_outcomes import EXPECTED_OF
from simulator.report.numbers.measures import MEASURES
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.statistics import Gap, Interval
from simulator.report.pages import without_luck
from simulator.report.text.sentences import Subjects
from tests.unit.simulator.report.diary import hand_made

PAIR = Subjects("blend", "visual")


def _comparison(**gaps: Gap) -> Comparison:
    """Blend minus visual in these measures."""
    known = Interval(0.5, 0.4, 0.6, 10)
    return Comparison(
        policies={policy: dict.fromkeys(gaps, known) for policy in ("visual", "blend")},
        differences=[Difference("blend", "visual", name, gap) for name, gap in gaps.items()],
        seeds=[1],
        n_shoppers=2,
    )


def test_a_row_holds_both_and_how_many_times_narrower_the_expected_one_is() -> None:
    """A drawn interval of 6 points against an expected one of 1: six times."""
    found = without_luck.table(
        _comparison(
            cart_rate=Gap(0.02, -0.01, 0.05, 0.2), cart_rate_expected=Gap(0.03, 0.025, 0.035, 0.01)
        ),
        PAIR,
    )
    [row] = found
    assert row.title == "Sessions with a cart"
    assert (row.drawn, row.expected) == ("+2.00 points", "+3.00 points")
    assert row.drawn_ends.endswith("1.00 to 5.00")
    assert row.expected_ends == "2.50 to 3.50"
    assert row.narrower == "6.0 times"


def test_a_difference_without_an_interval_is_not_called_narrower() -> None:
    """One run of some policies has a value and no interval."""
    nan = float("nan")
    gaps = {"cart_rate": Gap(0.02, nan, nan, nan), "cart_rate_expected": Gap(0.03, 0.02, 0.04, 0.1)}
    [row] = without_luck.table(_comparison(**gaps), PAIR)
    assert (row.drawn_ends, row.narrower) == ("", "")


def test_what_was_never_expected_has_no_row() -> None:
    """A run stored before the judge's chances of carts were."""
    gaps = {"cart_rate": Gap(0.02, 0.01, 0.03, 0.1), "cart_rate_expected": statistics.NO_GAP}
    assert without_luck.table(_comparison(**gaps), PAIR) == []


def test_one_policy_alone_has_no_table() -> None:
    """Nothing is subtracted."""
    alone = compare_runs([lay_out(hand_made())])
    assert without_luck.table(alone, Subjects("blend", None)) == []


def test_each_headline_has_its_expectation() -> None:
    """Both names of each row are measures."""
    stems = {row.stem for row in MEASURES.values()}
    assert set(EXPECTED_OF) | set(EXPECTED_OF.values()) <= stems
    two = compare_runs([lay_out(hand_made("visual")), lay_out(hand_made("blend"))])
    assert len(without_luck.table(two, PAIR)) == len(EXPECTED_OF)
