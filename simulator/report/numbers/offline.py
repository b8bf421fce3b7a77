"""Offline measures on one shared log: every policy ranks the same requests, from counts of earlier
days.

The log is made by the fixed policy `logging`, so no policy is measured on what it caused itself.
Gain is the judge's P(click | examined) over the whole catalogue (ndcg); truth is what was clicked
on the slate that the log showed next. Strata go by the log's own counts on earlier days: cold 0,
warm 1 to 20, hot above 20 clicks; of the profile item (the query: clicks beside it) and of the
truth (the item clicked first: clicks on it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation import metrics
from simulator.report.numbers import statistics
from simulator.report.numbers.statistics import Estimate, Gap, Interval, ratio

Items = NDArray[np.int32]
Floats = NDArray[np.float64]

WARM = 1
HOT = 21
"""Counts from which an item is warm, and hot."""

STRATA = ("cold", "warm", "hot")
SIDES = ("profile", "truth")
EVERYTHING = ("all", "all")

NDCG = "ndcg@{k}"
NEXT_HIT = "next_hit_rate@{k}"
RECALL = "recall@{k}"
MRR = "mrr"
MAP = "map@{k}"

StratumKey = tuple[str, str]
"""(side, stratum), or EVERYTHING."""


@dataclass(frozen=True)
class LoggedRequests:
    """LoggedRequests of the log, a row each, and what is known of them."""

    shopper: NDArray[np.int64]
    """int64 [n]."""
    gains: Floats
    """float64 [n, n_items], the judge's chances; 0 for what may not be shown."""
    clicked: Items
    """int32 [n, k], items clicked on the slate shown, in its order; -1 pads the end."""
    beside: NDArray[np.int64]
    """int64 [n], clicks seen beside the query."""
    times: NDArray[np.int64]
    """int64 [n_items], clicks on each item."""

    def strata(self) -> dict[StratumKey, NDArray[np.bool_]]:
        """Which requests stand in which stratum; those without a click have none on the truth's
        side.
        """
        first = self.clicked[:, 0]
        of_truth = np.where(first >= 0, self.times[np.maximum(first, 0)], -1)
        found = {EVERYTHING: np.ones(len(first), np.bool_)}
        for side, count in zip(SIDES, (self.beside, of_truth), strict=True):
            bounds = {"cold": (0, WARM), "warm": (WARM, HOT), "hot": (HOT, np.iinfo(np.int64).max)}
            for stratum, (low, high) in bounds.items():
                found[side, stratum] = (count >= low) & (count < high)
        return found


def values(slates: Items, asked: LoggedRequests) -> dict[str, Floats]:
    """Each measure of each request, float64 [n], by name; NaN where it is undefined."""
    k = slates.shape[1]
    return {
        NDCG.format(k=k): metrics.ndcg(slates, asked.gains, k=k),
        NEXT_HIT.format(k=k): metrics.hit_rate(slates, asked.clicked[:, :1], k=k),
        RECALL.format(k=k): metrics.recall(slates, asked.clicked, k=k),
        MRR: metrics.mrr(slates, asked.clicked, k=k),
        MAP.format(k=k): metrics.average_precision(slates, asked.clicked, k=k),
    }


@dataclass
class Tally:
    """Sums over requests by shopper, from which means, intervals and paired differences follow."""

    n_shoppers: int
    requests: int = 0
    empty: int = 0
    sums: dict[tuple[str, str, StratumKey], tuple[Floats, Floats]] = field(default_factory=dict)

    def add(self, asked: LoggedRequests, slates: Mapping[str, Items]) -> None:
        """Count the requests in, with the slates of each policy for them."""
        strata = asked.strata()
        self.requests += len(asked.shopper)
        self.empty += int((asked.clicked[:, 0] < 0).sum())
        for policy, ranked in slates.items():
            for metric, value in values(ranked, asked).items():
                defined = ~np.isnan(value)
                for cell, inside in strata.items():
                    self._add((policy, metric, cell), asked.shopper, value, inside & defined)

    def _add(
        self,
        key: tuple[str, str, StratumKey],
        shopper: NDArray[np.int64],
        value: Floats,
        rows: NDArray[np.bool_],
    ) -> None:
        nothing = np.zeros(self.n_shoppers), np.zeros(self.n_shoppers)
        above, below = self.sums.setdefault(key, nothing)
        above += np.bincount(shopper[rows], weights=value[rows], minlength=self.n_shoppers)
        below += np.bincount(shopper[rows], minlength=self.n_shoppers)

    def estimate(self, policy: str, metric: str, cell: StratumKey) -> Estimate:
        """The mean over requests, each shopper's part in it known."""
        above, below = self.sums[policy, metric, cell]
        return ratio(above, below)


def measure(tally: Tally) -> dict[str, Any]:
    """Policies, strata and differences of one log as JSON, with intervals over its shoppers."""
    cells: dict[StratumKey, dict[str, dict[str, Estimate]]] = {}
    for policy, metric, cell in tally.sums:
        cells.setdefault(cell, {}).setdefault(policy, {})[metric] = tally.estimate(
            policy, metric, cell
        )
    plain = {
        cell: {
            policy: {metric: _plain(_interval(one)) for metric, one in measures.items()}
            for policy, measures in policies.items()
        }
        for cell, policies in cells.items()
    }
    differences = [
        {"a": a, "b": b, "metric": metric, "by": cell[0], "stratum": cell[1]}
        | _plain(statistics.paired(policies[a][metric], policies[b][metric]))
        for cell, policies in cells.items()
        for b, a in combinations(policies, 2)
        for metric in policies[a]
    ]
    return {
        "policies": plain[EVERYTHING],
        "strata": {side: {stratum: plain[side, stratum] for stratum in STRATA} for side in SIDES},
        "differences": differences,
        "requests": tally.requests,
        "empty": tally.empty,
    }


def over_logs(logs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several logs, one a seed, as one document with intervals over the seeds; one log as it is."""
    first = logs[0]
    if len(logs) == 1:
        return {**first, "intervals": "over shoppers, given this log"}
    strata = {
        side: {
            stratum: _level([log["strata"][side][stratum] for log in logs]) for stratum in STRATA
        }
        for side in SIDES
    }
    return {
        "policies": _level([log["policies"] for log in logs]),
        "strata": strata,
        "differences": [_over(logs, row) for row in first["differences"]],
        "requests": sum(log["requests"] for log in logs),
        "empty": sum(log["empty"] for log in logs),
        "intervals": f"over {len(logs)} seeds",
    }


def of_cell(log: Mapping[str, Any], cell: StratumKey) -> Mapping[str, Any]:
    """The policies of a document in one cell."""
    found: Mapping[str, Any] = (
        log["policies"] if cell == EVERYTHING else log["strata"][cell[0]][cell[1]]
    )
    return found


def _level(logs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        policy: {
            metric: _plain(
                statistics.over_seeds(
                    [_number(log[policy][metric]["value"]) for log in logs],
                    n=sum(log[policy][metric]["n"] for log in logs),
                    is_share=True,
                )
            )
            for metric in measures
        }
        for policy, measures in logs[0].items()
    }


def _over(logs: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> dict[str, Any]:
    cell = (row["by"], row["stratum"])
    metric = row["metric"]
    ours, theirs = (
        [_number(of_cell(log, cell)[row[side]][metric]["value"]) for log in logs]
        for side in ("a", "b")
    )
    named = {name: row[name] for name in ("a", "b", "metric", "by", "stratum")}
    gap = statistics.paired_over_seeds(ours, theirs)
    return named | _plain(statistics.gap_within(gap, statistics.SHARE))


def _interval(found: Estimate) -> Interval:
    """Of one log; every measure here lies between 0 and 1."""
    return statistics.within(statistics.by_shopper(found), statistics.SHARE)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _plain(found: Interval | Gap) -> dict[str, Any]:
    return {
        name: None if isinstance(number, float) and np.isnan(number) else number
        for name, number in vars(found).items()
    }
