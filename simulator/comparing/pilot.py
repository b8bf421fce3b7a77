"""What an experiment that was played says of how much a difference varies, over its shops and over
its shoppers: after all of its days, and after the first of them.

The first days of a run are the shorter run, event by event. So what fewer days give is measured,
and need not be foretold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from db.errors import NotFoundError, UsageError
from db.events import Events, Kind
from db.nearest import nearest
from simulator.comparing.power import Variances
from simulator.report.numbers.measure_row import Measure
from simulator.report.numbers.measures import MEASURES
from simulator.report.numbers.panel import Panel, RunData, lay_out
from simulator.report.numbers.statistics import Estimate

Formula = Callable[[Panel], Estimate]


def measure_named(metric: str) -> Measure:
    """The row of a measure, by its name or what stands before its @; NotFoundError for an unknown
    one.
    """
    rows = {row.stem: row for row in MEASURES.values() if row.formula is not None}
    stem = metric.partition("@")[0]
    if stem not in rows:
        raise NotFoundError(
            f"no measure {metric!r}; {nearest(metric, rows)}choose one of {', '.join(rows)}"
        )
    return rows[stem]


def piloted(run: RunData, formula: Formula, days: Sequence[int]) -> dict[int, Estimate]:
    """A measure of one run, after each of these numbers of days."""
    return {one: formula(lay_out(first_days(run, one))) for one in days}


def offered(days: int) -> list[int]:
    """The numbers of days that a pilot of so many is read at: its quarters, rounded up."""
    return sorted({-(-days * quarter // 4) for quarter in (1, 2, 3, 4)})


def first_days(run: RunData, days: int) -> RunData:
    """The run as it would have been with so many days; what was said of later ones is not read."""
    rows = run.events.rows
    is_kept: NDArray[np.bool_] = rows["session"] // max(run.n_shoppers, 1) < days
    is_impression = rows["kind"] == Kind.IMPRESSION
    events = Events(rows[is_kept], run.events.shown[is_kept[is_impression]])
    return replace(run, events=events, days=days)


def variances(
    a: Sequence[Estimate], b: Sequence[Estimate], *, shoppers: int, days: int
) -> Variances:
    """Of a - b, shop by shop; the shoppers of a shop met both.

    Raises UsageError with fewer than two shops in which both have the measure.
    """
    shops = [
        (ours, theirs)
        for ours, theirs in zip(a, b, strict=True)
        if not np.isnan(ours.value - theirs.value)
    ]
    if len(shops) < 2:
        raise UsageError(
            f"a pilot needs at least 2 seeds, found {len(shops)}; play"
            " `windowshop experiment --policies visual,blend --seeds 5`, for instance"
        )
    gaps = [ours.value - theirs.value for ours, theirs in shops]
    return Variances(
        value=float(np.mean(gaps)),
        base=float(np.mean([theirs.value for _, theirs in shops])),
        between=float(np.var(gaps, ddof=1)),
        within=float(np.mean([_within(ours, theirs) for ours, theirs in shops])),
        seeds=len(shops),
        shoppers=shoppers,
        days=days,
    )


def _within(a: Estimate, b: Estimate) -> float:
    """The variance over shoppers of the paired difference; NaN where either is undefined."""
    units = int((a.is_unit | b.is_unit).sum())
    if np.isnan(a.value - b.value) or units < 2:
        return float("nan")
    return float(np.square(a.influence - b.influence).sum()) * units / (units - 1)
