"""Weeks of a long run: each alone is what a run of those days would measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.report.numbers import formulas
from simulator.report.numbers.measures import measure
from simulator.report.numbers.over_time.weeks import OF_A_WEEK, by_week, whole_weeks
from simulator.report.numbers.panel import Panel
from tests.unit.simulator.report.many_days import long_panel


@pytest.mark.parametrize(("days", "weeks"), [(6, 0), (13, 0), (14, 2), (20, 2), (28, 4)])
def test_whole_weeks_are_told_from_two_on(days: int, weeks: int) -> None:
    """Days after the last whole week are left out."""
    assert whole_weeks(days) == weeks


def test_a_short_run_has_no_weeks() -> None:
    """Nor has its `metrics.json`."""
    panel = long_panel(8)
    assert by_week(panel) == {}
    assert not [name for name in measure(panel) if "_week_" in name]


def test_a_week_is_what_its_slates_alone_give() -> None:
    """The second week counts the chances of its own slates, over those slates."""
    panel = long_panel(14)
    late = panel.slates.day >= 7
    known = panel.slates.is_shown[late] & ~np.isnan(panel.slates.expected[late])
    chances = np.where(known, panel.slates.expected[late], 0).sum()
    found = by_week(panel)["ctr_expected_week_2"]
    assert found.value == pytest.approx(chances / known.sum())
    assert len(found.influence) == panel.run.n_shoppers


def test_all_weeks_together_are_the_run() -> None:
    """What a shopper brought is the sum over weeks; what was ever shown is at least as much as in
    any week.
    """
    panel = long_panel(14)
    found = by_week(panel)
    of_weeks = [found[f"revenue_per_shopper_week_{week}"].value for week in (1, 2)]
    assert sum(of_weeks) == pytest.approx(formulas.revenue_per_shopper(panel).value)
    shown = [found[f"catalogue_coverage_week_{week}"].value for week in (1, 2)]
    assert max(shown) <= formulas.catalogue_coverage(panel).value


def test_a_week_without_visits_is_undefined() -> None:
    """It has no click rate, and the run is measured all the same."""
    panel = _without_first_week(long_panel(14))
    assert np.isnan(by_week(panel)["ctr_expected_week_1"].value)
    assert not np.isnan(by_week(panel)["ctr_expected_week_2"].value)


def test_every_weekly_measure_has_a_title() -> None:
    """It is the measure's own, with the week."""
    from simulator.report.text import labels

    for stem in OF_A_WEEK:
        assert labels.of(f"{stem}_week_3").title == f"{labels.of(stem).title} in week 3"
        assert labels.of(f"{stem}_week_3").unit == labels.of(stem).unit


def _without_first_week(panel: Panel) -> Panel:
    later_slates, later = panel.slates.day >= 7, panel.sessions.day >= 7
    slates = {name: rows[later_slates] for name, rows in vars(panel.slates).items()}
    sessions = {name: rows[later] for name, rows in vars(panel.sessions).items()}
    slates["row"] = np.searchsorted(np.flatnonzero(later), slates["row"])
    return replace(
        panel,
        sessions=replace(panel.sessions, **sessions),
        slates=replace(panel.slates, **slates),
    )
