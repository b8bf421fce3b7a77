"""How often the intervals of `windowshop counterfactual` hold the judge's truth.

One shop is played, and the judge keeps the chance of a click of every item at every request. A log
is shoppers drawn from it with new slates by lot and new clicks; the truth of a target is what the
judge expects of its slates, over all shoppers that may be drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.intervals.drawn_logs import Requests, drawn, gathered, target_slates, truth
from benchmarks.intervals.many_targets import ManyTargets
from benchmarks.intervals.progress import told
from simulator.counterfactual.estimators import PolicyEstimate
from simulator.installation.context import Context
from simulator.playing.plan import Plan

LOGGERS = ("random", "logging")
TARGETS = 100
LOGS = 60
"""Of each logger and size."""
QUICK_TARGETS = 20
QUICK_LOGS = 4
REQUESTS = (25_000, 2_555)

Found = dict[str, list[list[PolicyEstimate]]]
"""estimator -> log -> target -> what came of it."""


def measured(
    of: Requests, policy: str, n: int, *, targets: Sequence[NDArray[np.int16]], logs: int
) -> Found:
    """Every estimator of every target in every log."""
    visual = target_slates(of, None)
    found: Found = {}
    for number in told(range(logs), f"logs of {policy}, {n:,} requests", logs):
        log = drawn(of, policy, visual, n, np.random.default_rng([number, n]))
        many = ManyTargets.of(log, of)
        for slates in targets:
            for one in many.evaluate(slates):
                found.setdefault(one.name, [[] for _ in range(logs)])[number].append(one)
    return found


def page_block(context: Context, *, is_quick: bool) -> str:
    """Table and note."""
    n_targets, logs = (QUICK_TARGETS, QUICK_LOGS) if is_quick else (TARGETS, LOGS)
    plan = Plan(policy="random", items=300, queries=100, shoppers=2350, days=6, seed=1)
    of = gathered(context, plan)
    targets = [target_slates(of, np.random.default_rng(number)) for number in range(n_targets)]
    truths = [truth(of, slates) for slates in targets]
    rows = [
        "| estimator | log by | requests | held | error over logs | off, mean | error of one |",
        "|---|---|---|---|---|---|---|",
    ]
    for n in REQUESTS:
        for policy in LOGGERS:
            found = measured(of, policy, n, targets=targets, logs=logs)
            rows += [_row(name, policy, n, logs_, truths) for name, logs_ in found.items()]
    pairs = n_targets * logs
    note = (
        f"{n_targets} targets, {logs} logs of each kind and size, so {pairs:,} intervals a row; "
        f"binomial error of a share near 95 %: {100 * (0.95 * 0.05 / pairs) ** 0.5:.1f} points if "
        "the targets of a log were independent. They are not, hence the error over logs. "
        f"The targets' true click rates are {100 * min(truths):.2f} to {100 * max(truths):.2f} %; "
        "what is off is in percent of them."
    )
    return "\n".join([*rows, "", note])


def _row(
    name: str,
    policy: str,
    n: int,
    logs: Sequence[Sequence[PolicyEstimate]],
    truths: Sequence[float],
) -> str:
    off = np.array(
        [[one.value / true - 1 for one, true in zip(log, truths, strict=True)] for log in logs]
    )
    spread = f"{100 * off.mean():+.1f} % | {100 * float(np.sqrt(np.square(off).mean())):.0f} %"
    given = [
        [one.low <= true <= one.high for one, true in zip(log, truths, strict=True)]
        for log in logs
        if not all(math.isnan(one.low) for one in log)
    ]
    if not given:
        return f"| {name} | `{policy}` | {n:,} | none given | | {spread} |"
    by_log = np.array(given).mean(axis=1)
    error = 100 * by_log.std(ddof=1) / len(by_log) ** 0.5
    held = f"{100 * by_log.mean():.1f} % | {error:.1f} points"
    return f"| {name} | `{policy}` | {n:,} | {held} | {spread} |"
