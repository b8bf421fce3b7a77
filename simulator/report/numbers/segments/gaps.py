"""The difference of two policies in each segment, with a p that allows for all segments together.

The measure is the expected click rate over all days: the late days have hardly any newcomers. Over
shoppers the p is that of the largest studentised difference, over seeds it is Holm's, as among the
headlines (`many`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.report.numbers import many, statistics
from simulator.report.numbers.formulas import expected_rate
from simulator.report.numbers.measures import one_run_tells
from simulator.report.numbers.panel import Panel
from simulator.report.numbers.segments.divisions import Division, divisions
from simulator.report.numbers.statistics import Estimate, Gap

SCHEMA = 1
METRIC = "ctr_expected"


@dataclass(frozen=True)
class SegmentGap:
    """One segment: focus minus reference."""

    division: Division
    segment: str
    shown: int
    """Items that focus showed in it, over all seeds."""
    focus: float
    reference: float
    gap: Gap
    p_adjusted: float
    """The p of the difference among those of all segments."""

    @property
    def is_beyond_chance(self) -> bool:
        """Whether it may be called a difference, allowing for all segments."""
        return bool(self.p_adjusted < 1 - statistics.LEVEL)


def compare_segments(panels: Sequence[Panel], focus: str, reference: str) -> list[SegmentGap]:
    """In the order of the page; seeds that both have played. Empty where there are none."""
    ours, theirs = (
        {panel.run.seed: panel for panel in panels if panel.run.policy == policy}
        for policy in (focus, reference)
    )
    seeds = sorted(set(ours) & set(theirs))
    if not seeds:
        return []
    several = len({panel.run.seed for panel in panels}) > 1
    tells = several or all(one_run_tells(policy, METRIC) for policy in (focus, reference))
    rows: list[tuple[Division, str, list[Estimate], list[Estimate]]] = []
    for division in divisions(ours[seeds[0]]):
        a, b = ([_rates(side[seed], division) for seed in seeds] for side in (ours, theirs))
        for number, segment in enumerate(division.segments):
            rows.append((division, segment, [one[number] for one in a], [one[number] for one in b]))
    gaps = [_gap(a, b, several=several, tells=tells) for _, _, a, b in rows]
    adjusted = _adjusted(gaps, [(a[0], b[0]) for _, _, a, b in rows], several=several)
    return [
        SegmentGap(division, segment, sum(one.n for one in a), _mean(a), _mean(b), gap, p)
        for (division, segment, a, b), gap, p in zip(rows, gaps, adjusted, strict=True)
    ]


def rates(panel: Panel) -> dict[str, Estimate]:
    """The expected click rate in every segment, by division and segment."""
    return {
        f"{division.name}: {segment}": rate
        for division in divisions(panel)
        for segment, rate in zip(division.segments, _rates(panel, division), strict=True)
    }


def dump(found: Sequence[SegmentGap], focus: str, reference: str, *, n_seeds: int) -> bytes:
    """`segments.json`: the same runs give the same bytes; undefined numbers are null."""
    document = {
        "schema": SCHEMA,
        "a": focus,
        "b": reference,
        "metric": METRIC,
        "over": "shops" if n_seeds > 1 else "shoppers",
        "segments": [_numbers(one) for one in found],
    }
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()


def _rates(panel: Panel, division: Division) -> list[Estimate]:
    """The expected click rate in each segment."""
    where = division.of_slates(panel)
    return [expected_rate(panel, where == number) for number in range(len(division.segments))]


def _gap(a: Sequence[Estimate], b: Sequence[Estimate], *, several: bool, tells: bool) -> Gap:
    if several:
        return statistics.paired_over_seeds([one.value for one in a], [one.value for one in b])
    found = statistics.paired(a[0], b[0])
    return found if tells else Gap(found.value, np.nan, np.nan, np.nan)


def _adjusted(
    gaps: Sequence[Gap], estimates: Sequence[tuple[Estimate, Estimate]], *, several: bool
) -> list[float]:
    """NaN where a difference has no p of its own."""
    known = [number for number, gap in enumerate(gaps) if not np.isnan(gap.p)]
    found = [np.nan] * len(gaps)
    if several:
        holm = many.holm({str(number): gaps[number].p for number in known})
        ps = [holm[str(number)] for number in known]
    else:
        influences = [
            estimates[number][0].influence - estimates[number][1].influence for number in known
        ]
        ps = many.max_t([gaps[number].value for number in known], influences) if known else []
    for number, p in zip(known, ps, strict=True):
        # Where nothing varied there is nothing to correct: the same numbers, shopper by shopper.
        found[number] = gaps[number].p if np.isnan(p) else p
    return found


def _mean(of_seeds: Sequence[Estimate]) -> float:
    """Over the seeds in which the segment was seen; NaN where it never was."""
    known = [one.value for one in of_seeds if not np.isnan(one.value)]
    return float(np.mean(known)) if known else np.nan


def _numbers(one: SegmentGap) -> dict[str, Any]:
    numbers = {
        "value_a": one.focus,
        "value_b": one.reference,
        **vars(one.gap),
        "p_adjusted": one.p_adjusted,
    }
    return {"division": one.division.name, "segment": one.segment, "n": one.shown} | {
        name: None if np.isnan(number) else float(number) for name, number in numbers.items()
    }
