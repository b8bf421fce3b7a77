"""From visual to social worlds: who leads where, and whether the blend is ever worse than its
better half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simulator.report.numbers import statistics
from simulator.report.numbers.offline import NDCG, SIDES, STRATA, of_cell, over_logs
from simulator.report.numbers.statistics import Gap, Interval

BLEND = "blend"
HALVES = ("visual", "cf")
RIVALS = ("blend-fixed", "itemknn-cfcbf")
SLACK = 0.01
"""The blend may fall behind its better half by so much, relatively, at the lower end of the
interval.
"""


@dataclass(frozen=True)
class CrossoverResults:
    """What was measured, world by world. A world is known by its hidden share h."""

    shares: Sequence[float]
    """h of each world."""
    policies: Sequence[str]
    late: Mapping[tuple[float, str], Mapping[int, float]]
    """(h, policy) -> seed -> ctr_late_expected."""
    logs: Mapping[float, Mapping[int, Mapping[str, Any]]]
    """h -> seed -> offline document."""
    slate_size: int = 10
    """k of the offline measures."""

    def interval(self, share: float, policy: str) -> Interval:
        """Late expected click rate over seeds."""
        of_seed = self.late.get((share, policy), {})
        return statistics.over_seeds(list(of_seed.values()), n=len(of_seed), is_share=True)

    def offline(self, share: float) -> dict[str, Any]:
        """The offline document of one world over its seeds."""
        return over_logs([self.logs[share][seed] for seed in sorted(self.logs[share])])


@dataclass(frozen=True)
class Claim:
    """Blend against another policy in one cell: blend / other - 1 over seeds."""

    cell: str
    """Where."""
    other: str
    gap: Gap
    least: float
    """What the lower end of the interval must reach for the claim to hold."""
    n: int

    @property
    def holds(self) -> bool:
        """Whether the lower end of the interval is not below what is claimed; without one, nothing
        holds.
        """
        return bool(self.gap.low >= self.least)

    def to_json(self) -> dict[str, Any]:
        """Plain values; null where a number is undefined."""
        numbers = {
            name: None if np.isnan(value) else value for name, value in asdict(self.gap).items()
        }
        return {
            "cell": self.cell,
            "other": self.other,
            "least": self.least,
            "n": self.n,
            "holds": self.holds,
        } | numbers


def claims(results: CrossoverResults) -> list[Claim]:
    """Never worse than the better half, cell by cell; above it in the middle; above both rivals
    overall.
    """
    found = [*_online(results), *_offline(results)]
    return [*found, *_overall(results)]


def share_of_lead(results: CrossoverResults, share: float) -> dict[str, Interval]:
    """(policy - visual) / (oracle - visual) on the late rate, seed by seed, over the seeds that
    have all.
    """
    floor, ceiling = (results.late.get((share, name), {}) for name in ("visual", "oracle"))
    found = {}
    for policy in results.policies:
        mine = results.late.get((share, policy), {})
        seeds = sorted(set(mine) & set(floor) & set(ceiling))
        if policy not in ("visual", "oracle") and seeds:
            won = [(mine[seed] - floor[seed]) / (ceiling[seed] - floor[seed]) for seed in seeds]
            found[policy] = statistics.over_seeds(won, n=len(won))
    return found


def document(results: CrossoverResults) -> dict[str, Any]:
    """Everything as JSON: by world the online rates and the offline measures, then the claims."""
    worlds = []
    for share in results.shares:
        online = {policy: _plain(results.interval(share, policy)) for policy in results.policies}
        lead = {policy: _plain(one) for policy, one in share_of_lead(results, share).items()}
        world = {"hidden_share": share, "ctr_late_expected": online, "share_of_oracle_lead": lead}
        worlds.append(
            world | ({"offline": results.offline(share)} if results.logs.get(share) else {})
        )
    return {"schema": 1, "worlds": worlds, "claims": [claim.to_json() for claim in claims(results)]}


def _online(results: CrossoverResults) -> list[Claim]:
    found = []
    for share in results.shares:
        late = {name: results.late.get((share, name), {}) for name in (BLEND, *HALVES)}
        if all(late.values()):
            found.append(_claim(f"h={share:g}, online", late, -SLACK))
            if share == 0.5:
                found.append(_claim(f"h={share:g}, online, above", late, 0.0))
    return found


def _offline(results: CrossoverResults) -> list[Claim]:
    found = []
    metric = NDCG.format(k=results.slate_size)
    for share in results.shares:
        logs = results.logs.get(share, {})
        for side in SIDES:
            for stratum in STRATA:
                values = {
                    name: _values(logs, name, metric, (side, stratum)) for name in (BLEND, *HALVES)
                }
                where = f"h={share:g}, offline, {stratum} {side}"
                if all(values.values()) and len(logs) > 1:
                    found.append(_claim(where, values, -SLACK))
                elif all(values.values()):
                    found.append(
                        _claim_of_one(where, next(iter(logs.values())), metric, (side, stratum))
                    )
    return found


def _overall(results: CrossoverResults) -> list[Claim]:
    """One number a seed: the mean over the worlds of blend / rival - 1."""
    found = []
    for rival in RIVALS:
        pairs = [
            (results.late.get((share, BLEND), {}), results.late.get((share, rival), {}))
            for share in results.shares
        ]
        seeds = (
            sorted(set.intersection(*(set(one) & set(other) for one, other in pairs)))
            if pairs
            else []
        )
        means = [np.mean([one[seed] / other[seed] - 1 for one, other in pairs]) for seed in seeds]
        if seeds:
            gap = statistics.paired_over_seeds([float(mean) for mean in means], [0.0] * len(means))
            found.append(Claim("all h, online", rival, gap, 0.0, len(seeds)))
    return found


def _claim(cell: str, values: Mapping[str, Mapping[int, float]], least: float) -> Claim:
    """Against the half with the greater mean over the seeds that all have."""
    seeds = sorted(set.intersection(*(set(of_seed) for of_seed in values.values())))
    means = {half: float(np.mean([values[half][seed] for seed in seeds])) for half in HALVES}
    better = max(HALVES, key=lambda half: means[half])
    over = [values[BLEND][seed] / values[better][seed] - 1 for seed in seeds]
    return Claim(
        cell, better, statistics.paired_over_seeds(over, [0.0] * len(over)), least, len(seeds)
    )


def _claim_of_one(where: str, log: Mapping[str, Any], metric: str, cell: tuple[str, str]) -> Claim:
    """The same on one log: the difference paired by shopper, relative to the better half's
    value.
    """
    values = {half: float(of_cell(log, cell)[half][metric]["value"]) for half in HALVES}
    better = max(HALVES, key=lambda half: values[half])
    for row in log["differences"]:
        sides = {row["a"], row["b"]}
        if (row["metric"], row["by"], row["stratum"]) == (metric, *cell) and sides == {
            BLEND,
            better,
        }:
            sign = 1.0 if row["a"] == BLEND else -1.0
            value, low, high = (
                np.nan if row[name] is None else sign * row[name] / values[better]
                for name in ("value", *(("low", "high") if sign > 0 else ("high", "low")))
            )
            return Claim(where, better, Gap(value, low, high, np.nan), -SLACK, 1)
    return Claim(where, better, statistics.NO_GAP, -SLACK, 1)


def _values(
    logs: Mapping[int, Mapping[str, Any]], policy: str, metric: str, cell: tuple[str, str]
) -> dict[int, float]:
    """One policy's measure in one stratum, by seed; seeds where it is undefined are left out."""
    found = {}
    for seed, log in logs.items():
        value = log["strata"][cell[0]][cell[1]].get(policy, {}).get(metric, {}).get("value")
        if value:
            found[seed] = float(value)
    return found


def _plain(found: Interval) -> dict[str, Any]:
    return {name: None if np.isnan(value) else value for name, value in vars(found).items()}
