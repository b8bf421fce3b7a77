"""Whether a policy still gets better when a long run ends: the slope of its click rate by day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.report.numbers.formulas import expected_rate, first_late_day
from simulator.report.numbers.over_time.weeks import DAYS, whole_weeks
from simulator.report.numbers.panel import Panel
from simulator.report.numbers.statistics import Estimate, Floats

TREND = "ctr_expected_late_trend"


def late_trend(panel: Panel) -> dict[str, Estimate]:
    """The change a week of ctr_expected over the last third of the days; nothing of a short run.

    The least squares line through the days. It is a weighted sum of their rates, so its influence
    is the same sum of theirs.
    """
    if not whole_weeks(panel.run.days):
        return {}
    days = np.arange(first_late_day(panel.run.days), panel.run.days)
    rates = [expected_rate(panel, panel.slates.day == day) for day in days]
    off = days - days.mean()
    return {TREND: _weighted(rates, DAYS * off / np.square(off).sum())}


def _weighted(rates: Sequence[Estimate], weights: Floats) -> Estimate:
    """A weighted sum of estimates; their influences are summed alike, in the order of the days."""
    pairs = list(zip(weights, rates, strict=True))
    return Estimate(
        value=float(sum(weight * one.value for weight, one in pairs)),
        influence=np.sum([weight * one.influence for weight, one in pairs], axis=0),
        is_unit=np.any([one.is_unit for one in rates], axis=0),
        n=sum(one.n for one in rates),
    )
