"""Every measure on a diary of five visits, against answers computed by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from db.events import Kind
from simulator.report.numbers.formulas import first_late_day
from simulator.report.numbers.measures import MEASURES, measure
from simulator.report.numbers.panel import Expectations, Panel, lay_out
from simulator.report.numbers.statistics import Estimate
from tests.unit.simulator.report.diary import hand_made, without_clicks

HALF = math.sqrt(0.5)

UNEQUAL: dict[int, list[Any]] = {
    session: [(Kind.IMPRESSION, 0, 1000, {"query": 5, "shown": shown})]
    for session, shown in {0: [0, 1, 2], 1: [0, 1, -1], 2: [0, 2, 3], 5: [0, 1, -1]}.items()
}
"""Slates that show no two items equally often: at ties Gini's derivative depends on the
direction.
"""

BY_HAND = {
    "hit_rate@3": 3 / 6,
    # chances of a click: 0.1 each, on the last day 0.3 0.2 0.1 and 0 0.1 0.2; the second has a hole
    "hit_rate_expected@3": (3 * (1 - 0.9**3) + (1 - 0.9**2) + (1 - 0.7 * 0.8 * 0.9) + 0.28) / 6,
    "category_hit_rate@3": 12 / 17,
    "ctr": 4 / 17,
    "ctr_expected": (11 * 0.1 + 0.6 + 0.3) / 17,
    "ctr_late": 1 / 6,
    "ctr_late_expected": 0.9 / 6,
    "session_click_rate": 3 / 5,
    # no slate stands behind the first click of its visit
    "session_click_rate_expected": (
        3 * (1 - 0.9**3) + (1 - 0.9**2) + (1 - 0.7 * 0.8 * 0.9) + (1 - 0.9 * 0.8)
    )
    / 5,
    "cart_rate": 1 / 5,
    # half the chances of a click
    "cart_rate_expected": (
        3 * (1 - 0.95**3) + (1 - 0.95**2) + (1 - 0.85 * 0.9 * 0.95) + (1 - 0.95 * 0.9)
    )
    / 5,
    "conversion_rate": 1 / 5,
    # a quarter of them
    "conversion_rate_expected": (
        3 * (1 - 0.975**3) + (1 - 0.975**2) + (1 - 0.925 * 0.95 * 0.975) + (1 - 0.975 * 0.95)
    )
    / 5,
    "revenue_per_session": 20.0 / 5,
    # a quarter of the chances times 10 to 40
    "revenue_per_session_expected": 0.25
    * (
        0.1 * (10 + 20 + 30)
        + 0.1 * (30 + 40)
        + 0.1 * (10 + 20 + 30)
        + 0.1 * (40 + 30 + 10)
        + (0.3 * 20 + 0.2 * 10 + 0.1 * 40)
        + (0.1 * 40 + 0.2 * 20)
    )
    / 5,
    "sessions_per_shopper": 5 / 2,
    "revenue_per_shopper": 20.0 / 2,
    "session_length": 23 / 5,
    "slates_per_session": 6 / 5,
    "time_to_first_click": (5 + 12 + 4) / 3,
    "dwell": (8 + 2 + 6 + 4) / 4,
    "bounce_rate": 2 / 5,
    "return_rate": 2 / 3,
    "catalogue_coverage@3": 4 / 5,
    "exposure_gini": (-2 * 4 + 0 * 4 + 2 * 4 + 4 * 5) / (5 * 17),
    "novelty": (12 * math.log2(3 / 2) + 5 * math.log2(3)) / 17,
    "intra_list_diversity_pixels": (
        2 * (2 / 3) + (1 - HALF) + 2 * (1 - 2 * HALF / 3) + (1 - (1 + 2 * HALF) / 3)
    )
    / 6,
    "intra_list_diversity_category": 5 * (2 / 3) / 6,
    "cold_exposure_share": 1 / 6,
}


@pytest.fixture(scope="module")
def panel() -> Panel:
    """The hand-made run, laid out."""
    return lay_out(hand_made())


@pytest.fixture(scope="module")
def measured(panel: Panel) -> dict[str, Estimate]:
    """Its measures."""
    return measure(panel)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_measure_equals_the_answer_computed_by_hand(
    measured: dict[str, Estimate], name: str
) -> None:
    """Each formula, on one log, gives what paper and pencil give."""
    assert measured[name].value == pytest.approx(BY_HAND[name], abs=1e-12)


def test_every_measure_has_an_answer_by_hand() -> None:
    """A new measure is not left without its check."""
    assert {name.format(k=3) for name, row in MEASURES.items() if row.formula} == set(BY_HAND)


def test_who_never_came_counts_among_the_shoppers() -> None:
    """Ten shoppers, of whom five came once: half a visit each."""
    found = measure(lay_out(replace(hand_made(), n_shoppers=10)))
    assert found["sessions_per_shopper"].value == 5 / 10
    assert found["sessions_per_shopper"].units == 10


def test_position_rates_leave_padding_out(measured: dict[str, Estimate]) -> None:
    """The third place was shown five times in six slates: the hole is not a refusal."""
    found = [
        (measured[f"ctr_position_{place}"].value, measured[f"ctr_position_{place}"].n)
        for place in (1, 2, 3)
    ]
    assert found == [(2 / 6, 6), (1 / 6, 6), (1 / 5, 5)]


def test_day_rates_are_those_of_each_day_alone(measured: dict[str, Estimate]) -> None:
    """Day 1 is the first; its rate knows nothing of the others."""
    drawn = [measured[f"ctr_day_{day}"].value for day in (1, 2, 3)]
    expected = [measured[f"ctr_expected_day_{day}"].value for day in (1, 2, 3)]
    assert drawn == [1 / 5, 2 / 6, 1 / 6]
    assert expected == pytest.approx([0.1, 0.1, 0.15])


def test_n_counts_what_a_measure_is_taken_over(measured: dict[str, Estimate]) -> None:
    """Slates, items shown, sessions, clicks and catalogue items, each in its own measure."""
    names = ("hit_rate@3", "ctr", "cart_rate", "dwell", "catalogue_coverage@3", "ctr_late")
    assert [measured[name].n for name in names] == [6, 17, 5, 4, 5, 6]


def test_influences_sum_to_zero(measured: dict[str, Estimate]) -> None:
    """What one shopper moves a measure up, the others move it down."""
    assert all(abs(found.influence.sum()) < 1e-9 for found in measured.values())


@pytest.mark.parametrize("name", ["ctr", "hit_rate@3", "revenue_per_session", "exposure_gini"])
def test_influence_is_what_leaving_a_shopper_out_does(name: str) -> None:
    """The linear influence agrees with the slow way: weigh one shopper a little less and measure
    again.
    """
    gini = name == "exposure_gini"
    panel = lay_out(hand_made(visits=UNEQUAL if gini else None))
    step = 1e-6
    found = measure(panel)[name]
    for shopper in range(2):
        weight = np.ones(2)
        weight[shopper] -= step
        slow = (_weighted(panel, name, weight) - found.value) / -step
        assert found.influence[shopper] == pytest.approx(slow, rel=1e-3, abs=1e-4 if gini else 1e-6)


def test_a_measure_over_nothing_is_undefined_and_not_zero() -> None:
    """Nobody clicked: no dwell, no time to a click; but a hit rate of exactly 0."""
    measured = measure(lay_out(without_clicks(hand_made())))
    assert math.isnan(measured["dwell"].value)
    assert math.isnan(measured["time_to_first_click"].value)
    assert measured["hit_rate@3"].value == 0


def test_without_the_judges_numbers_only_expectations_are_undefined() -> None:
    """An imported log has no judge: its expected rates are missing, the drawn ones are not."""
    run = hand_made()
    nothing = Expectations(np.zeros(0, np.int64), np.zeros(0, np.int16), np.zeros((0, 3)))
    measured = measure(lay_out(replace(run, expectations=nothing)))
    undefined = {name for name, found in measured.items() if math.isnan(found.value)}
    assert undefined == {name for name in measured if "expected" in name}


def test_a_run_without_events_measures_nothing() -> None:
    """Not a crash, and not a row of zeros."""
    run = hand_made()
    empty = replace(
        run, events=replace(run.events, rows=run.events.rows[:0], shown=run.events.shown[:0])
    )
    assert all(math.isnan(found.value) for found in measure(lay_out(empty)).values())


@pytest.mark.parametrize(("days", "first"), [(1, 0), (2, 1), (3, 2), (8, 5), (14, 9)])
def test_late_is_the_last_third_rounded_up(days: int, first: int) -> None:
    """Of 8 days the last 3, of 14 the last 5; a single day is late."""
    assert first_late_day(days) == first


def _weighted(
    panel: Panel, name: str, weight: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> float:
    """Slow twin: the measure with every shopper's part counted `weight` times, from sums written
    out.
    """
    slates = panel.slates
    sessions = panel.sessions
    run = panel.run
    per_slate = weight[slates.shopper]
    per_session = weight[sessions.shopper]
    shown = slates.is_shown.sum(axis=1)
    if name == "ctr":
        return float(slates.is_clicked.sum(axis=1) @ per_slate / (shown @ per_slate))
    if name == "hit_rate@3":
        return float(slates.is_clicked.any(axis=1) @ per_slate / per_slate.sum())
    if name == "revenue_per_session":
        return float(sessions.revenue @ per_session / per_session.sum())
    if name == "novelty":
        bits = np.array([math.log2(3 / 2), math.log2(3 / 2), math.log2(3), math.log2(3 / 2)])
        total = sum(
            w * bits[i]
            for w, row in zip(per_slate, slates.shown, strict=True)
            for i in row
            if i >= 0
        )
        return float(total / (shown @ per_slate))
    x = np.zeros(run.n_items)
    for w, row in zip(per_slate, slates.shown, strict=True):
        for item in row[row >= 0]:
            x[item] += w
    return float(np.abs(x[:, None] - x[None, :]).sum() / (2 * len(x) * x.sum()))
