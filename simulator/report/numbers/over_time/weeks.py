"""Measures of each week of a long run alone: click rate, variety, concentration, value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.report.numbers import formulas
from simulator.report.numbers.panel import Panel, SessionRows, SlateRows
from simulator.report.numbers.statistics import Estimate

DAYS = 7
LEAST = 2
"""Whole weeks that a run has before it is told by the week."""

OF_A_WEEK: Mapping[str, Callable[[Panel], Estimate]] = MappingProxyType(
    {
        "ctr_expected": formulas.ctr_expected,
        "catalogue_coverage": formulas.catalogue_coverage,
        "exposure_gini": formulas.exposure_gini,
        "revenue_per_shopper": formulas.revenue_per_shopper,
    }
)
"""What is measured, by stem: the measure of week 3 is called after it, `ctr_expected_week_3`."""

_Rows = TypeVar("_Rows", SessionRows, SlateRows)


def whole_weeks(days: int) -> int:
    """How many a run is told by: none when it is short; days after the last whole week are left
    out.
    """
    weeks = days // DAYS
    return weeks if weeks >= LEAST else 0


def by_week(panel: Panel) -> dict[str, Estimate]:
    """The measures of OF_A_WEEK for week 1, 2 and so on."""
    weeks = [
        _of_days(panel, DAYS * week, DAYS * (week + 1))
        for week in range(whole_weeks(panel.run.days))
    ]
    return {
        f"{stem}_week_{number}": formula(week)
        for stem, formula in OF_A_WEEK.items()
        for number, week in enumerate(weeks, 1)
    }


def _of_days(panel: Panel, start: int, end: int) -> Panel:
    """The sessions and slates of the days start to end - 1, for all shoppers of the run."""
    sessions = (panel.sessions.day >= start) & (panel.sessions.day < end)
    slates = (panel.slates.day >= start) & (panel.slates.day < end)
    place = np.cumsum(sessions) - 1
    kept = _rows(panel.slates, slates)
    return replace(
        panel,
        sessions=_rows(panel.sessions, sessions),
        slates=replace(kept, row=place[kept.row]),
    )


def _rows(table: _Rows, chosen: NDArray[np.bool_]) -> _Rows:
    return replace(table, **{one.name: getattr(table, one.name)[chosen] for one in fields(table)})
