"""What an experiment that was played says of how much a difference varies: over its shops, over
its shoppers, and from day to day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Piloted:
    """One policy in one shop: a measure over all days, and over every other day."""

    whole: Estimate
    halves: tuple[Estimate, Estimate]


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


def piloted(run: RunData, formula: Formula) -> Piloted:
    """A measure of one run, and of its even and its odd days alone."""
    even, odd = (formula(lay_out(_of_days(run, parity))) for parity in (0, 1))
    return Piloted(formula(lay_out(run)), (even, odd))


def variances(a: Sequence[Piloted], b: Sequence[Piloted], *, shoppers: int, days: int) -> Variances:
    """Of a - b, shop by shop; the shoppers of a shop met both.

    Raises UsageError with fewer than two shops in which both have the measure.
    """
    shops = [
        (ours, theirs)
        for ours, theirs in zip(a, b, strict=True)
        if not np.isnan(ours.whole.value - theirs.whole.value)
    ]
    if len(shops) < 2:
        raise UsageError(
            f"a pilot needs at least 2 seeds, found {len(shops)}; play"
            " `windowshop experiment --policies visual,blend --seeds 5`, for instance"
        )
    gaps = [ours.whole.value - theirs.whole.value for ours, theirs in shops]
    halves = [
        _within(ours.halves[half], theirs.halves[half]) for ours, theirs in shops for half in (0, 1)
    ]
    return Variances(
        value=float(np.mean(gaps)),
        base=float(np.mean([theirs.whole.value for _, theirs in shops])),
        between=float(np.var(gaps, ddof=1)),
        within=float(np.mean([_within(ours.whole, theirs.whole) for ours, theirs in shops])),
        within_half=float(np.mean(halves)),
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


def _of_days(run: RunData, parity: int) -> RunData:
    """The run with what happened on its even or its odd days alone."""
    rows = run.events.rows
    is_kept: NDArray[np.bool_] = rows["session"] // max(run.n_shoppers, 1) % 2 == parity
    is_impression = rows["kind"] == Kind.IMPRESSION
    return replace(run, events=Events(rows[is_kept], run.events.shown[is_kept[is_impression]]))
