"""Measures of slates against what came next in a log, with intervals over shoppers, by stratum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation import metrics
from recommender.session_log.sessions import NOBODY, Cases
from simulator.report.numbers.statistics import (
    POSITIVE,
    SHARE,
    Estimate,
    Gap,
    Interval,
    by_shopper,
    paired,
    ratio,
    undefined,
    within,
)

Flags = NDArray[np.bool_]
WARM = 20
"""Up to so many training sessions an item is warm; above it is hot; with none it is cold."""


@dataclass(frozen=True)
class Exam:
    """What all policies are judged by."""

    asked: Cases
    popularity: NDArray[np.int64]
    """int64 [n_items], training sessions that acted on each."""
    is_sold: Flags
    """bool [n_items]."""
    k: int
    """Places of a slate."""

    @property
    def unit(self) -> NDArray[np.int64]:
        """Who each case belongs to, numbered: a shopper, or a session of nobody known. int64
        [n].
        """
        alone = -2 - np.arange(len(self.asked))  # no shopper's number
        who = np.where(self.asked.shopper == NOBODY, alone, self.asked.shopper)
        numbered: NDArray[np.int64] = np.unique(who, return_inverse=True)[1]
        return numbered

    def strata(self) -> dict[str, dict[str, Flags]]:
        """Cases by how often their truth, and the latest item of their profile, was seen in
        training.
        """
        return {
            "truth": _strata(self.popularity[self.asked.truth]),
            "profile": _strata(self.popularity[self.asked.latest]),
        }

    def measured(self, slates: NDArray[np.int32]) -> dict[str, Estimate]:
        """All measures of slates int32 [n_cases, k]."""
        unit = self.unit
        sold = np.flatnonzero(self.is_sold)
        place = np.full(len(self.is_sold), -1, dtype=np.int32)
        place[sold] = np.arange(len(sold))
        among = np.where(slates >= 0, place[np.maximum(slates, 0)], -1).astype(np.int32)
        bits = (
            metrics.novelty(among, self.popularity[sold])
            if len(sold)
            else np.full(len(slates), np.nan)
        )
        return {
            **self.by_case(slates, np.ones(len(slates), dtype=np.bool_)),
            "coverage": _coverage(among, unit, len(sold)),
            "novelty": _mean(bits, unit),
        }

    def by_case(self, slates: NDArray[np.int32], is_meant: Flags) -> dict[str, Estimate]:
        """What has a value a case, over some of the cases."""
        truth = self.asked.truth[:, None]
        k = self.k
        values = {
            f"next_hit_rate@{k}": metrics.hit_rate(slates, truth, k=k),
            f"ndcg@{k}": metrics.next_ndcg(slates, truth, k=k),
            "mrr": metrics.mrr(slates, truth, k=k),
        }
        return {
            name: _mean(np.where(is_meant, value, np.nan), self.unit, is_share="hit" in name)
            for name, value in values.items()
        }


def document(exam: Exam, slates: Mapping[str, NDArray[np.int32]]) -> dict[str, Any]:
    """The policies' part of the document: name, measure, {value, low, high, n}; null where
    undefined.
    """
    return {
        name: {metric: _interval(metric, found) for metric, found in exam.measured(shown).items()}
        for name, shown in slates.items()
    }


def strata(exam: Exam, slates: Mapping[str, NDArray[np.int32]]) -> dict[str, Any]:
    """By what (truth, profile), stratum, policy, measure."""
    return {
        by: {
            stratum: {
                name: {
                    metric: _interval(metric, found)
                    for metric, found in exam.by_case(shown, meant).items()
                }
                for name, shown in slates.items()
            }
            for stratum, meant in found_by.items()
        }
        for by, found_by in exam.strata().items()
    }


FOCUSES = ("cf", "cf-history")
"""Against whom the others are held; each of them against its peers and the other focus."""


def differences(exam: Exam, slates: Mapping[str, NDArray[np.int32]]) -> list[dict[str, Any]]:
    """Each focus against every other policy, paired by shopper."""
    everyone = np.ones(len(exam.asked), dtype=np.bool_)
    measured = {name: exam.by_case(shown, everyone) for name, shown in slates.items()}
    return [
        {"a": focus, "b": other, "metric": metric, **_gap(paired(found, measured[other][metric]))}
        for focus in FOCUSES
        if focus in measured
        for other in measured
        if other != focus
        for metric, found in measured[focus].items()
    ]


def _strata(seen: NDArray[np.int64]) -> dict[str, Flags]:
    return {"cold": seen == 0, "warm": (seen > 0) & (seen <= WARM), "hot": seen > WARM}


def _mean(
    values: NDArray[np.float64], unit: NDArray[np.int64], *, is_share: bool = False
) -> Estimate:
    """The mean over cases that have a value; what a unit moved it is that of all its cases."""
    n_units = int(unit.max(initial=-1)) + 1
    defined = ~np.isnan(values)
    numerator = np.bincount(unit[defined], values[defined], n_units).astype(np.float64)
    denominator = np.bincount(unit[defined], minlength=n_units).astype(np.float64)
    return ratio(numerator, denominator, is_share=is_share)


def _coverage(slates: NDArray[np.int32], unit: NDArray[np.int64], n_items: int) -> Estimate:
    """Items shown at least once / items on sale; influence: delete-one jackknife (Efron, Stein
    1981).
    """
    n_units = int(unit.max(initial=-1)) + 1
    case, place = np.nonzero(slates >= 0)
    if not n_items or not len(case):
        return undefined(n_units)
    seen = np.unique(unit[case] * n_items + slates[case, place])
    viewers = np.bincount(seen % n_items, minlength=n_items)
    only = np.bincount((seen // n_items)[viewers[seen % n_items] == 1], minlength=n_units) / n_items
    is_unit = np.zeros(n_units, dtype=np.bool_)
    is_unit[seen // n_items] = True
    influence = np.where(is_unit, only - only[is_unit].mean(), 0.0)
    return Estimate(float((viewers > 0).mean()), influence, is_unit, n_items, is_share=True)


def _interval(metric: str, found: Estimate) -> dict[str, Any]:
    """All but the novelty, in bits, lie between 0 and 1."""
    return _plain(within(by_shopper(found), POSITIVE if metric == "novelty" else SHARE))


def _plain(found: Interval) -> dict[str, Any]:
    ends = {"value": found.value, "low": found.low, "high": found.high}
    return {
        **{name: None if np.isnan(end) else float(end) for name, end in ends.items()},
        "n": found.n,
    }


def _gap(found: Gap) -> dict[str, Any]:
    ends = {"value": found.value, "low": found.low, "high": found.high, "p": found.p}
    return {name: None if np.isnan(end) else float(end) for name, end in ends.items()}
