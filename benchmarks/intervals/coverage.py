"""How often intervals hold what they are about, on the world's own shoppers: `make coverage`.

Many shops are played in memory, each with policies that meet the same shoppers. Of them, five at a
time are looked at as an experiment would: does Student's interval over five hold the mean over all
shops? And does the interval of one run, which is over shoppers, hold it? (It should not.)
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.intervals import (
    counterfactual,
    expected,
    interleaving,
    long_runs,
    peeking,
    planning,
    populations,
)
from simulator.installation.context import Silence, open_context
from simulator.playing.plan import Plan
from simulator.playing.together import play_together
from simulator.report.numbers import statistics
from simulator.report.numbers.measures import is_compared, measure, one_run_tells
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.statistics import Estimate, Interval
from workers import settings

POLICIES = ("visual", "blend")
SHOPS = 160
QUICK = 10
POPULATIONS = 60
QUICK_POPULATIONS = 6
PLANNED = 120
MIXED = 30
QUICK_MIXED = 2
EQUAL = 140
QUICK_EQUAL = 10
SEEDS = 5
"""Shops of one experiment."""
EXPERIMENTS = 2000
"""Drawn from the shops that were played."""
PAGE = Path(__file__).parents[2] / "docs" / "STATISTICS.md"
BEGIN = "<!-- made by `make coverage` -->"
BEGIN_SHOPPERS = "<!-- made by `make coverage`, of shoppers -->"
BEGIN_EXPECTED = "<!-- made by `make coverage`, of expectations -->"
BEGIN_PLANS = "<!-- made by `make coverage`, of plans -->"
BEGIN_MIXED = "<!-- made by `make coverage`, of interleaving -->"
BEGIN_COUNTERFACTUAL = "<!-- made by `make coverage`, of counterfactual intervals -->"
BEGIN_LONG = "<!-- made by `make coverage`, of long runs -->"
BEGIN_PEEKING = "<!-- made by `make coverage`, of looks -->"
END = "<!-- end -->"

Shop = dict[str, dict[str, Estimate]]
"""policy -> measure -> estimate."""


def shops(n: int) -> Iterator[Shop]:
    """The measures of each policy in n shops."""
    context = open_context(settings.load(), Silence())
    for seed in range(1, n + 1):
        played = play_together(context, _plan(seed), POLICIES, n_seeds=1, is_stored=False, fit=())
        yield {run.policy: measure(lay_out(run)) for run in played.runs}
        sys.stderr.write(f"\r{seed} of {n} shops")
    sys.stderr.write("\n")


def _plan(seed: int, *, shoppers: int = 400, days: int = 6) -> Plan:
    return Plan(items=300, queries=100, shoppers=shoppers, days=days, seed=seed)


def page_block_of_plans(n: int, *, is_quick: bool) -> str:
    """Pilots of one size and shops of others, n of each."""
    context = open_context(settings.load(), Silence())
    sizes = ((400, 6), (200, 6)) if is_quick else ((400, 6), (200, 6), (400, 12))
    of, *others = (
        planning.play(context, _plan(1, shoppers=shoppers, days=days), n)
        for shoppers, days in sizes
    )
    trials = planning.QUICK_TRIALS if is_quick else planning.TRIALS
    return planning.page_block(of, others, trials=trials)


def covered_over_shops(values: list[float]) -> float:
    """How often Student's interval over five shops, where there is one, holds the mean over all."""
    known = np.array([one for one in values if not np.isnan(one)])
    rng = np.random.default_rng(1)
    truth = known.mean()
    drawn = [rng.choice(known, SEEDS, replace=False).tolist() for _ in range(EXPERIMENTS)]
    return share_held([statistics.over_seeds(values, n=SEEDS) for values in drawn], truth)


def share_held(intervals: Iterable[Interval], truth: float) -> float:
    """The share of the intervals that hold the truth; one that is not given holds nothing and
    misses nothing.
    """
    given = [one for one in intervals if not math.isnan(one.low)]
    return float(np.mean([one.low <= truth <= one.high for one in given])) if given else math.nan


def covered_by_one(found: list[Estimate]) -> float:
    """How often the interval of one run holds the mean over all shops."""
    truth = float(np.nanmean([one.value for one in found]))
    return share_held([statistics.by_shopper(one) for one in found], truth)


def table(played: list[Shop]) -> list[str]:
    """The rows of the page."""
    rows = [
        "| measure | `blend` over 5 shops | `blend - visual` over 5 shops | `blend`, one shop |",
        "|---|---|---|---|",
    ]
    for name in (one for one in played[0]["blend"] if is_compared(one)):
        blend = [shop["blend"][name] for shop in played]
        gaps = [a.value - shop["visual"][name].value for a, shop in zip(blend, played, strict=True)]
        one = f"{covered_by_one(blend):.0%}" if one_run_tells("blend", name) else "none given"
        over = covered_over_shops([one.value for one in blend])
        rows.append(f"| `{name}` | {over:.1%} | {covered_over_shops(gaps):.1%} | {one} |")
    return [row.replace("%", " %") for row in rows]


def page_block_of_shops(played: list[Shop]) -> str:
    """Table and note of the shops that were played."""
    alone = len(played) // SEEDS
    note = (
        f"{len(played)} shops, {EXPERIMENTS:,} experiments of {SEEDS} drawn from them; "
        f"binomial error of a share near 95 %, at {alone} experiments that share no shop: "
        f"{_points(alone)} points."
    )
    return "\n".join([*table(played), "", note])


def page_block_of_shoppers(played: list[list[populations.Played]]) -> str:
    """Table and note of the populations that were played."""
    alarms, pairs = populations.family_alarms(played)
    n = sum(len(shop) for shop in played)
    by_segment = " and ".join(
        f"of `{policy}` in {populations.segment_alarms(played, policy)[0]}"
        for policy in populations.POLICIES
    )
    note = (
        f"{n} populations, of {len(played)} shops in equal parts; "
        f"binomial error of a share near 95 %: {_points(n)} points. "
        f"Apart from itself: the share of {pairs} pairs of populations under one policy that "
        f"differ beyond chance; it should be near 5 %, with a binomial error of {_points(pairs)} "
        f"points.\nAmong the six headlines together, corrected: an alarm in {alarms} of {pairs}."
        f"\nAmong the segments together, corrected: an alarm {by_segment} of {pairs}."
    )
    return "\n".join([*populations.table(played), "", note])


def page_block_of_interleaving(n: int, equal: int) -> str:
    """Two policies in one run: n shops of pairs that differ, and others of pairs that do not."""
    context = open_context(settings.load(), Silence())
    places = list(interleaving.shops(context, _plan(1, days=4), max(n, equal)))
    return interleaving.page_block(places[:n], places[:equal])


def page_block_of_looks(played: list[Shop], *, is_quick: bool) -> str:
    """Table and note of looking every day and every seed."""
    context = open_context(settings.load(), Silence())
    values = [shop["blend"]["ctr"].value for shop in played]
    return peeking.page_block(context, values, is_quick=is_quick)


def page_block_of_long_runs(*, is_quick: bool) -> str:
    """Table and note of the late trend; a quick look takes shorter runs of fewer shoppers."""
    context = open_context(settings.load(), Silence())
    plan = _plan(1, shoppers=100, days=14) if is_quick else _plan(1, days=28)
    n = long_runs.QUICK if is_quick else long_runs.SHOPS
    return long_runs.page_block(long_runs.trends(context, plan, n), plan)


def write(page: str, block: str, begin: str) -> str:
    """The page with a block in the place that is kept for it."""
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n\n{block}\n\n{END}{rest.partition(END)[2]}"


def _points(n: int) -> str:
    return f"{100 * (0.95 * 0.05 / max(1, n)) ** 0.5:.1f}"


def main() -> None:
    """Play, count, and write the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few shops; writes no page")
    parser.add_argument("--shops", type=int, default=SHOPS)
    parser.add_argument("--planned", type=int, default=PLANNED, help="shops of each size planned")
    parser.add_argument("--populations", type=int, default=POPULATIONS, help="of each of 2 shops")
    asked = parser.parse_args()
    n = QUICK if asked.quick else asked.shops
    each = QUICK_POPULATIONS if asked.quick else asked.populations
    played = list(shops(n))
    first = page_block_of_shops(played)
    third = expected.page_block(played)
    sys.stdout.write(f"{first}\n\n{third}\n\n")
    second = page_block_of_shoppers(
        [list(populations.populations(_plan(seed), each)) for seed in (1, 2)]
    )
    sys.stdout.write(f"{second}\n\n")
    plans = page_block_of_plans(n if asked.quick else asked.planned, is_quick=asked.quick)
    sys.stdout.write(f"{plans}\n\n")
    sizes = (QUICK_MIXED, QUICK_EQUAL) if asked.quick else (MIXED, EQUAL)
    mixed = page_block_of_interleaving(*sizes)
    sys.stdout.write(f"{mixed}\n\n")
    context = open_context(settings.load(), Silence())
    targets = counterfactual.page_block(context, is_quick=asked.quick)
    sys.stdout.write(f"{targets}\n\n")
    looks = page_block_of_looks(played, is_quick=asked.quick)
    sys.stdout.write(f"{looks}\n\n")
    long = page_block_of_long_runs(is_quick=asked.quick)
    sys.stdout.write(f"{long}\n")
    if not asked.quick:
        page = write(PAGE.read_text(), first, BEGIN)
        page = write(page, third, BEGIN_EXPECTED)
        page = write(page, plans, BEGIN_PLANS)
        page = write(page, mixed, BEGIN_MIXED)
        page = write(page, targets, BEGIN_COUNTERFACTUAL)
        page = write(page, looks, BEGIN_PEEKING)
        page = write(page, long, BEGIN_LONG)
        PAGE.write_text(write(page, second, BEGIN_SHOPPERS))


if __name__ == "__main__":
    main()
