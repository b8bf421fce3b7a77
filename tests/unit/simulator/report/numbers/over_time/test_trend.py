"""The late trend: the slope of the daily click rate, and the warning that it gives."""

from __future__ import annotations

import pytest

from simulator.report.numbers.comparison import Comparison, compare_runs
from simulator.report.numbers.over_time.trend import TREND, late_trend
from simulator.report.numbers.panel import lay_out
from simulator.report.text import over_time
from tests.unit.simulator.report.many_days import long_panel, long_run


def test_a_straight_line_has_its_slope() -> None:
    """Two points of a thousand a day are fourteen a week, whatever came before the last third."""
    panel = long_panel(21, chance=lambda day: 0.05 if day < 14 else 0.05 + 0.002 * (day - 13))
    assert late_trend(panel)[TREND].value == pytest.approx(0.014)


def test_a_level_rate_has_none() -> None:
    """Nor has a short run, which is not measured."""
    assert late_trend(long_panel(21))[TREND].value == pytest.approx(0, abs=1e-15)
    assert late_trend(long_panel(8)) == {}


def test_its_influence_sums_to_nothing() -> None:
    """As that of every measure."""
    found = late_trend(long_panel(21, chance=lambda day: 0.01 * day))[TREND]
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)
    assert found.is_unit.all()


def test_a_policy_that_still_rises_is_warned_of() -> None:
    """One that learns nothing is not, however it went."""
    rising = _compared("blend", slope=0.001)
    assert "Not finished learning" in over_time.unfinished(rising)
    assert "blend by 0.70 points a week" in over_time.unfinished(rising)
    assert not over_time.unfinished(_compared("blend", slope=0.0))
    assert not over_time.unfinished(_compared("visual", slope=0.001))


def _compared(policy: str, *, slope: float) -> Comparison:
    """Three shops in which the rate rises alike, or jitters around nothing."""
    runs = []
    for seed in (1, 2, 3):
        wobble = 1e-5 * (seed - 2)

        def chance(day: int, wobble: float = wobble) -> float:
            return 0.05 + (slope + wobble) * day

        run = long_run(21, policy=policy, chance=chance)
        runs.append(lay_out(run.__class__(**{**vars(run), "provenance": {"seed": seed}})))
    return compare_runs(runs)
