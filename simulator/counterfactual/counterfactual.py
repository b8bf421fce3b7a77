"""What a policy would have earned on the requests of a run: `windowshop counterfactual`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import NotFoundError, UsageError
from db.nearest import nearest
from recommender.propensity import LOTTERIES
from recommender.registry import POLICIES, POLICY_NAMES, RANKED, REFERENCES
from simulator.counterfactual.estimators import SUPPORT, PolicyEstimate, evaluate
from simulator.counterfactual.own_log import read_log
from simulator.counterfactual.replay import Replayed, replay
from simulator.installation.context import Context
from simulator.installation.named import Named, named
from simulator.operations.propensities import said_any


@dataclass(frozen=True)
class Counterfactual:
    """The estimates of one target from one log."""

    source: str
    policy: str
    requests: int
    shoppers: int
    own: float
    """Clicks per item of the slates that were shown."""
    estimates: Sequence[PolicyEstimate]
    truth: float
    """The judge's, on the same requests; NaN where there is no judge."""
    left_out: int = 0
    """Requests beside these of which the log does not know a chance."""

    def to_json(self) -> dict[str, Any]:
        """The answer that other programs rely on; what is not given is null."""
        return {
            "log": self.source,
            "policy": self.policy,
            "requests": self.requests,
            "requests_left_out": self.left_out,
            "shoppers": self.shoppers,
            "ctr_of_the_log": self.own,
            "ctr_by_the_judge": _given(self.truth),
            "estimates": [
                {
                    "estimator": one.name,
                    "ctr": _given(one.value),
                    "low": _given(one.low),
                    "high": _given(one.high),
                    "effective_items": _given(one.effective),
                    "unsupported": _given(one.unsupported),
                }
                for one in self.estimates
            ],
        }

    def rows(self) -> list[list[str]]:
        """The table for a terminal, the header first."""
        rows = [["estimator", "ctr", "95 % interval", "effective items", "unsupported"]]
        for one in self.estimates:
            given = f"{_percent(one.low)} to {_percent(one.high)}"
            rows.append(
                [
                    one.name,
                    _percent(one.value),
                    "none given" if math.isnan(one.low) else given,
                    "-" if math.isnan(one.effective) else f"{one.effective:,.0f}",
                    "-" if math.isnan(one.unsupported) else f"{100 * one.unsupported:.1f} %",
                ]
            )
        if not math.isnan(self.truth):
            rows.append(["the judge's truth", _percent(self.truth), "-", "-", "-"])
        return rows

    def sentence(self) -> str:
        """What was asked, and what to make of it."""
        said = (
            f"{self.policy} on the {self.requests:,} requests of {self.source}, by"
            f" {self.shoppers:,} shoppers, where {_percent(self.own)} of the items shown were"
            " clicked."
        )
        lacking = [one for one in self.estimates if not one.unsupported <= 1 - SUPPORT]
        if any(not math.isnan(one.unsupported) for one in lacking):
            said += (
                f" The log never shows more than {100 * (1 - SUPPORT):.0f} % of what"
                f" {self.policy} would show, so there is no interval."
            )
        if self.left_out:
            said += (
                f" {self.left_out:,} requests are left out: a place of theirs was filled, or has no"
                " propensity. If that hangs on what was drawn, the estimate is off."
            )
        if len(self.estimates) == 1:
            said += (
                " The log has each item's chance at its own place only, so there is one estimator;"
                " the position-based ones need those at every place."
            )
        if self.requests < ENOUGH:
            said += (
                f" Below {ENOUGH:,} requests the intervals are too narrow, that of the"
                " item-position estimator most of all."
            )
        return said


ENOUGH = 25_000
"""Requests at which the intervals were found to hold."""


def counterfactual(
    context: Context, name: str, policy: str, *, logger: str | None = None, seed: int | None = None
) -> Counterfactual:
    """Estimate the clicks of a policy from the run of another that drew its slates by lot:
    `random`, `logging`, or a guest that said its propensities.

    Raises NotFoundError for an unknown name or policy, UsageError for a run or policy that allows
    no estimate.
    """
    _require_policy(policy)
    run_id = log_of(context, named(context, name), logger, seed)
    return _found(run_id, policy, replay(context, run_id, policy))


def from_file(path: Path, policy: str) -> Counterfactual:
    """The same from a log of one's own; policy: the column with the target's chances.

    Raises UsageError for a file that does not fit.
    """
    log = read_log(path, policy)
    return _found(
        path.name,
        policy,
        Replayed(log, math.nan, float(log.clicked.sum() / log.is_shown.sum())),
    )


def _found(source: str, policy: str, found: Replayed) -> Counterfactual:
    return Counterfactual(
        source,
        policy,
        len(found.log.unit),
        len(set(found.log.unit.tolist())),
        found.own,
        evaluate(found.log),
        found.truth,
        found.left_out,
    )


def log_of(context: Context, meant: Named, logger: str | None, seed: int | None) -> str:
    """The one run that was drawn by lot; UsageError with the choice where there are several."""
    if not meant.is_experiment:
        return meant.run_ids[0]
    found = [
        (of, played, run_id)
        for of, of_seed in meant.seeds.items()
        for played, run_id in of_seed.items()
        if logger in {None, played} and seed in {None, of} and _is_log(context, played, run_id)
    ]
    if len(found) == 1:
        return found[0][2]
    if not found:
        raise UsageError(
            f"{meant.id} has no such run by lot; play one with `windowshop simulate --policy"
            " logging`"
        )
    choice = ", ".join(f"--logger {played} --seed {of}" for of, played, _ in found)
    raise UsageError(f"{meant.id} has {len(found)} runs by lot; choose one: {choice}")


def _is_log(context: Context, policy: str, run_id: str) -> bool:
    return policy in LOTTERIES or (policy not in POLICY_NAMES and said_any(context, run_id))


def _require_policy(policy: str) -> None:
    if policy in REFERENCES:
        raise UsageError(
            f"{policy} is a reference, which learns from no log; choose one of {', '.join(RANKED)}"
        )
    if policy not in POLICIES:
        hint = nearest(policy, RANKED)
        raise NotFoundError(f"no policy {policy!r}; {hint}choose one of {', '.join(RANKED)}")


def _given(number: float) -> float | None:
    return None if math.isnan(number) else number


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
