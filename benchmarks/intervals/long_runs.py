"""Of long runs: how often the interval of the late trend holds it, and how often it warns.

`visual` learns nothing, so a warning about it would be a false one; its trend is near 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.intervals.progress import told
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.playing.together import play_together
from simulator.report.numbers import statistics
from simulator.report.numbers.over_time.trend import TREND, late_trend
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.statistics import Interval

POLICIES = ("visual", "cf", "blend")
SHOPS = 40
QUICK = 5
SEEDS = 5
"""Shops of one experiment."""
EXPERIMENTS = 2000


def trends(context: Context, plan: Plan, n: int) -> dict[str, list[float]]:
    """The late trend of each policy in n shops."""
    found: dict[str, list[float]] = {policy: [] for policy in POLICIES}
    for played in _shops(context, plan, n):
        for policy, value in played.items():
            found[policy].append(value)
    return found


def page_block(found: dict[str, list[float]], plan: Plan) -> str:
    """Table and note of the shops that were played."""
    rows = [
        "| policy | trend a week, mean over all shops | interval over 5 shops holds it | warns |",
        "|---|---|---|---|",
    ]
    for policy, values in found.items():
        drawn = _experiments(values)
        truth = float(np.mean(values))
        held = np.mean([one.low <= truth <= one.high for one in drawn])
        warned = np.mean([one.low > 0 for one in drawn])
        rows.append(f"| `{policy}` | {100 * truth:+.3f} points | {held:.1%} | {warned:.1%} |")
    n = len(found["visual"])
    note = (
        f"{n} shops of {plan.shoppers} shoppers and {plan.days} days, {EXPERIMENTS:,} experiments"
        f" of {SEEDS} drawn from them; binomial error of a share near 95 %, at {n // SEEDS}"
        f" experiments that share no shop: {100 * (0.95 * 0.05 / (n // SEEDS)) ** 0.5:.1f} points."
    )
    return "\n".join([*(row.replace("%", " %") for row in rows), "", note])


def _shops(context: Context, plan: Plan, n: int) -> Iterator[dict[str, float]]:
    for seed in told(range(1, n + 1), "long runs of shop", n):
        one = Plan(**{**vars(plan), "seed": seed})
        played = play_together(context, one, POLICIES, n_seeds=1, is_stored=False, fit=())
        yield {run.policy: late_trend(lay_out(run))[TREND].value for run in played.runs}


def _experiments(values: list[float]) -> list[Interval]:
    rng = np.random.default_rng(1)
    return [
        statistics.over_seeds(rng.choice(values, SEEDS, replace=False).tolist(), n=SEEDS)
        for _ in range(EXPERIMENTS)
    ]
