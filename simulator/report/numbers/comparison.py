"""Several runs in one comparison: intervals per policy, differences per pair, and
`metrics.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np

from db.errors import UsageError
from recommender.registry import POLICY_NAMES
from simulator.report.numbers import many, statistics
from simulator.report.numbers.measure_row import SHARE_OF_LEAD
from simulator.report.numbers.measures import is_compared, measure, one_run_tells
from simulator.report.numbers.panel import GuestFaults, Panel, of_guests
from simulator.report.numbers.primary import DEFAULT, Primary
from simulator.report.numbers.statistics import Estimate, Gap, Interval
from simulator.report.text import labels

SCHEMA = 2

Role = Literal["primary", "headline", "exploratory"]
"""What a difference may claim: the primary by its own p, a headline by the p of the family, the
others nothing.
"""


@dataclass(frozen=True)
class Difference:
    """Policy a minus policy b in one measure."""

    a: str
    b: str
    metric: str
    gap: Gap
    role: Role = "exploratory"
    p_adjusted: float = np.nan
    """Of a headline: its p among all headlines of the pair."""

    @property
    def is_beyond_chance(self) -> bool:
        """Whether it may be called a difference, 95 times of a hundred."""
        p = self.gap.p if self.role == "primary" else self.p_adjusted
        return bool(p < 1 - statistics.LEVEL)


@dataclass(frozen=True)
class Comparison:
    """What the runs say, policy by policy and pair by pair."""

    policies: dict[str, dict[str, Interval]]
    """policy -> measure -> interval, both in the order of the report."""
    differences: list[Difference]
    seeds: list[int]
    """Those that every number is over."""
    n_shoppers: int
    guests: Mapping[str, GuestFaults] = field(default_factory=dict)
    """How often each recommender that is not ours answered badly."""
    are_clusters: bool = False
    """Measures by class go by clusters, for want of labels."""
    primary: Primary = DEFAULT
    """The comparison that decides."""

    @property
    def interval_of(self) -> str:
        """What the intervals are over, in words."""
        if len(self.seeds) > 1:
            return f"over {len(self.seeds)} shops"
        return f"over the {self.n_shoppers:,} shoppers of this one shop"

    @property
    def over(self) -> str:
        """The same in few words."""
        if len(self.seeds) > 1:
            return self.interval_of
        return "over shoppers of this shop"

    @property
    def caution(self) -> str:
        """What must be said of them; empty where nothing must."""
        return " ".join(
            filter(
                None,
                [
                    statistics.caution(len(self.seeds)),
                    self.primary.caution(),
                    labels.answered_badly(self.guests),
                ],
            )
        )

    def interval(self, policy: str, metric: str) -> Interval:
        """One number of one policy; undefined where it was never measured."""
        return self.policies.get(policy, {}).get(metric, statistics.NOTHING)

    def name_of(self, measure: str, policy: str) -> str:
        """A measure's name with the size of a slate, where it was given without."""
        names = self.policies.get(policy, {})
        return next((name for name in names if name.partition("@")[0] == measure), measure)

    def gap(self, a: str, b: str, metric: str) -> Gap:
        """A minus b, whichever way round it was computed."""
        for found in self.differences:
            if found.metric == metric and (found.a, found.b) == (a, b):
                return found.gap
            if found.metric == metric and (found.a, found.b) == (b, a):
                return Gap(-found.gap.value, -found.gap.high, -found.gap.low, found.gap.p)
        return statistics.NO_GAP


Measured = dict[str, dict[int, dict[str, Estimate]]]
"""policy -> seed -> measure -> estimate."""


def compare_runs(panels: Sequence[Panel], primary: Primary = DEFAULT) -> Comparison:
    """Intervals and differences of runs: over shoppers for one seed, over seeds for several.

    UsageError when a policy comes twice with one seed, or runs of one seed met different shoppers.
    """
    measured = _measured(panels)
    seeds = sorted({panel.run.seed for panel in panels})
    _add_share_of_lead(measured)
    return Comparison(
        policies={policy: _intervals(policy, measured[policy], seeds) for policy in measured},
        differences=list(_differences(measured, seeds, primary)),
        seeds=seeds,
        n_shoppers=panels[0].run.n_shoppers,
        guests=of_guests(panels),
        are_clusters=any(panel.run.are_clusters for panel in panels),
        primary=primary,
    )


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as `metrics.json` holds it; undefined numbers are null."""
    over = {"over": "shops" if len(comparison.seeds) > 1 else "shoppers"}
    policies = {
        policy: {"metrics": {name: _numbers(found) | over for name, found in metrics.items()}}
        for policy, metrics in comparison.policies.items()
    }
    differences = [
        {"a": found.a, "b": found.b, "metric": found.metric}
        | _numbers(found.gap)
        | over
        | {"role": found.role, "p_adjusted": _or_null(found.p_adjusted)}
        for found in comparison.differences
    ]
    by_class = {"by_class": labels.FROM_CLUSTERS} if comparison.are_clusters else {}
    faults = {name: found.to_json() for name, found in comparison.guests.items()}
    guests = {"guests": faults} if faults else {}
    return {
        "schema": SCHEMA,
        "policies": policies,
        "differences": differences,
        **by_class,
        **guests,
    }


def dump(comparison: Comparison) -> bytes:
    """`metrics.json`: the same comparison gives the same bytes; floats in full, in an order that
    never changes.
    """
    return (json.dumps(to_json(comparison), indent=1, allow_nan=False) + "\n").encode()


def undefined(comparison: Comparison) -> int:
    """How many measures of how many policies had nothing to be taken over."""
    return sum(
        bool(np.isnan(interval.value))
        for metrics in comparison.policies.values()
        for interval in metrics.values()
    )


def in_order(policies: Iterable[str]) -> list[str]:
    """Policies from the plainest to the most knowing; unknown ones before the oracle, by name."""
    place = {policy: float(number) for number, policy in enumerate(POLICY_NAMES)}
    return sorted(
        set(policies), key=lambda policy: (place.get(policy, len(POLICY_NAMES) - 1.5), policy)
    )


def _measured(panels: Sequence[Panel]) -> Measured:
    if not panels:
        raise UsageError(
            "a report needs at least one finished run; `windowshop simulate` makes one"
        )
    measured: Measured = {policy: {} for policy in in_order(panel.run.policy for panel in panels)}
    for panel in panels:
        run = panel.run
        if run.seed in measured[run.policy]:
            raise UsageError(
                f"policy {run.policy!r} comes twice with seed {run.seed}; report each run alone"
            )
        if (run.n_shoppers, run.days) != (panels[0].run.n_shoppers, panels[0].run.days):
            raise UsageError(
                f"runs {panels[0].run.run} and {run.run} differ in shoppers or days and cannot be"
                " compared; `windowshop experiment` makes runs that can"
            )
        measured[run.policy][run.seed] = measure(panel)
    return measured


def _add_share_of_lead(measured: Measured) -> None:
    """Beside the measures of one run: how much of the oracle's lead over visual a policy won, seed
    by seed.
    """
    floor = measured.get("visual", {})
    ceiling = measured.get("oracle", {})
    for policy in set(measured) - {"visual", "oracle"}:
        for seed in set(measured[policy]) & set(floor) & set(ceiling):
            found = measured[policy][seed]
            late = [one["ctr_late_expected"] for one in (found, floor[seed], ceiling[seed])]
            found[SHARE_OF_LEAD] = statistics.share_of_lead(*late)


def _intervals(
    policy: str, of_seeds: dict[int, dict[str, Estimate]], seeds: Sequence[int]
) -> dict[str, Interval]:
    """One policy's intervals; over its seeds where the comparison has several."""
    found = [of_seeds[seed] for seed in sorted(of_seeds)]
    if len(seeds) == 1:
        return {
            name: statistics.within(_over_shoppers(policy, name, estimate), labels.of(name).ends)
            for name, estimate in found[0].items()
        }
    by_name = {name: [one[name] for one in found if name in one] for name in found[0]}
    return {
        name: statistics.within(
            statistics.over_seeds([one.value for one in of_name], n=sum(one.n for one in of_name)),
            labels.of(name).ends,
        )
        for name, of_name in by_name.items()
    }


def _over_shoppers(policy: str, metric: str, estimate: Estimate) -> Interval:
    if one_run_tells(policy, metric):
        return statistics.by_shopper(estimate)
    return Interval(estimate.value, np.nan, np.nan, estimate.n)


def _differences(
    measured: Measured, seeds: Sequence[int], primary: Primary
) -> Iterable[Difference]:
    for b, a in combinations(measured, 2):
        common = [seed for seed in seeds if seed in measured[a] and seed in measured[b]]
        if common:
            for found in _of_pair(a, b, measured, common, several=len(seeds) > 1):
                is_primary = primary.decides(a, b, found.metric)
                yield replace(found, role="primary") if is_primary else found


def _of_pair(
    a: str, b: str, measured: Measured, common: Sequence[int], *, several: bool
) -> Iterable[Difference]:
    """Every measure that both have, over the seeds that both have."""
    gaps: dict[str, Gap] = {}
    first: dict[str, Estimate] = {}
    for name in measured[a][common[0]]:
        if is_compared(name) and name in measured[b][common[0]]:
            ours, theirs = ([measured[one][seed][name] for seed in common] for one in (a, b))
            gap = _gap(ours, theirs, several=several)
            if not several and not (one_run_tells(a, name) and one_run_tells(b, name)):
                gap = Gap(gap.value, np.nan, np.nan, np.nan)
            else:
                first[name] = replace(ours[0], influence=ours[0].influence - theirs[0].influence)
            gaps[name] = statistics.gap_within(gap, labels.of(name).ends)
    adjusted = _adjusted(gaps, first, several=several)
    for name, gap in gaps.items():
        role: Role = "headline" if name in adjusted else "exploratory"
        yield Difference(a, b, name, gap, role, adjusted.get(name, np.nan))


def _adjusted(
    gaps: dict[str, Gap], first: dict[str, Estimate], *, several: bool
) -> dict[str, float]:
    """The p of each headline among all of them: Holm's over seeds, by the largest over shoppers."""
    family = [name for name in gaps if many.is_headline(name)]
    if several:
        return many.holm({name: gaps[name].p for name in family})
    told = [name for name in family if name in first and not np.isnan(gaps[name].p)]
    influences = [first[name].influence for name in told]
    found = many.max_t([gaps[name].value for name in told], influences) if told else []
    return dict.fromkeys(family, np.nan) | dict(zip(told, found, strict=True))


def _gap(a: Sequence[Estimate], b: Sequence[Estimate], *, several: bool) -> Gap:
    if not several:
        return statistics.paired(a[0], b[0])
    return statistics.paired_over_seeds([one.value for one in a], [one.value for one in b])


def _or_null(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _numbers(found: Interval | Gap) -> dict[str, float | int | None]:
    """The fields of a result in their order, NaN as None."""
    return {
        name: None if isinstance(number, float) and np.isnan(number) else number
        for name, number in vars(found).items()
    }
