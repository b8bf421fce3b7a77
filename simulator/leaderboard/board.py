"""Ranks by what can be told apart: a policy stands behind those that are better beyond chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from simulator.report.numbers import many, statistics
from simulator.report.numbers.measures import one_run_tells
from simulator.report.numbers.statistics import Estimate, Gap, Interval
from simulator.report.text import labels

SCHEMA = 1


@dataclass(frozen=True)
class Duel:
    """One policy minus another, and its p among all pairs of the board."""

    a: str
    b: str
    gap: Gap
    p_adjusted: float

    @property
    def is_decided(self) -> bool:
        """Whether the two can be told apart."""
        return bool(self.p_adjusted < 1 - statistics.LEVEL)


@dataclass(frozen=True)
class Standing:
    """Where a policy stands."""

    name: str
    rank: int | None
    """None of a reference, and where one run tells nothing of the policy."""
    value: Interval


@dataclass(frozen=True)
class Board:
    """The standings, the best first, and the pairs behind them."""

    metric: str
    is_over_shops: bool
    standings: Sequence[Standing]
    duels: Sequence[Duel]

    def to_json(self) -> dict[str, Any]:
        """As leaderboard.json holds it; undefined numbers are null."""
        return {
            "schema": SCHEMA,
            "measure": self.metric,
            "over": "shops" if self.is_over_shops else "shoppers",
            "standings": [
                {"rank": one.rank, "policy": one.name, **_numbers(one.value)}
                for one in self.standings
            ],
            "differences": [
                {"a": one.a, "b": one.b, **_numbers(one.gap)}
                | {"p_adjusted": _or_null(one.p_adjusted)}
                for one in self.duels
            ],
        }


def rank(
    metric: str,
    estimates: Mapping[str, Sequence[Estimate]],
    policies: Mapping[str, str],
    references: Collection[str],
) -> Board:
    """Rank contestants in one measure.

    estimates: of each contestant, one a seed, the same seeds in the same order; the references
    among them have no rank. policies: of each contestant, its policy. A rank is 1 plus the number
    of contestants that are better beyond chance, by the paired differences of all pairs, corrected
    by Holm (1979).
    """
    is_over_shops = len(next(iter(estimates.values()))) > 1
    told = [name for name in estimates if is_over_shops or one_run_tells(policies[name], metric)]
    sign = -1 if labels.of(metric).better == "less" else 1
    values = {
        name: _interval(metric, found, is_told=name in told) for name, found in estimates.items()
    }
    best_first = sorted(values, key=lambda one: (-sign * _or_worst(values[one].value, sign), one))
    ranked = [name for name in best_first if name in told and name not in references]
    duels = _duels(metric, {name: estimates[name] for name in ranked})
    standings = [
        Standing(name, 1 + _better(name, duels, sign) if name in ranked else None, values[name])
        for name in best_first
    ]
    return Board(metric, is_over_shops, standings, duels)


def _better(name: str, duels: Sequence[Duel], sign: int) -> int:
    """How many are better than this one beyond chance. sign: -1 where less is better."""
    wins = [(one.a, one.b, sign * one.gap.value) for one in duels if one.is_decided]
    return sum((name == b and ahead > 0) or (name == a and ahead < 0) for a, b, ahead in wins)


def _duels(metric: str, estimates: Mapping[str, Sequence[Estimate]]) -> list[Duel]:
    """Every pair of contestants that come best first: the better minus the worse."""
    pairs = list(combinations(estimates, 2))
    gaps = [_gap(metric, estimates[a], estimates[b]) for a, b in pairs]
    adjusted = many.holm({str(number): gap.p for number, gap in enumerate(gaps)}).values()
    return [Duel(a, b, gap, p) for (a, b), gap, p in zip(pairs, gaps, adjusted, strict=True)]


def _gap(metric: str, a: Sequence[Estimate], b: Sequence[Estimate]) -> Gap:
    if len(a) > 1:
        gap = statistics.paired_over_seeds([one.value for one in a], [one.value for one in b])
    else:
        gap = statistics.paired(a[0], b[0])
    return statistics.gap_within(gap, labels.of(metric).ends)


def _interval(metric: str, found: Sequence[Estimate], *, is_told: bool) -> Interval:
    if not is_told:
        return Interval(found[0].value, np.nan, np.nan, found[0].n)
    if len(found) == 1:
        over = statistics.by_shopper(found[0])
    else:
        n = sum(one.n for one in found)
        over = statistics.over_seeds([one.value for one in found], n=n)
    return statistics.within(over, labels.of(metric).ends)


def _or_worst(value: float, sign: int) -> float:
    return -sign * np.inf if np.isnan(value) else value


def _or_null(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _numbers(found: Interval | Gap) -> dict[str, float | None]:
    return {name: _or_null(number) for name, number in vars(found).items()}
