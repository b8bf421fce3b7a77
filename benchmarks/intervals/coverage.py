"""How often intervals hold what they are about, on the world's own shoppers: `make coverage`.

Many shops are played in memory, each with policies that meet the same shoppers. Of them, five at a
time are looked at as an experiment would: does Student's interval over five hold the mean over all
shops? And does the interval of one run, which is over shoppers, hold it? (It should not.)
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
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
from benchmarks.intervals.progress import PartTalk, ToldList, told
from benchmarks.intervals.side_by_side import Blocks, blocks_of
from db.embeddings import EmbedderKey
from simulator.cli.terminal import Terminal
from simulator.embedders.vectors import vectors
from simulator.installation.context import Context, open_context
from simulator.playing.plan import Plan
from simulator.playing.simulate import prepare_all
from simulator.playing.together import play_together
from simulator.report.numbers import statistics
from simulator.report.numbers.measures import is_compared, measure, one_run_tells
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.statistics import Estimate, Interval
from workers import settings

POLICIES = ("visual", "blend")
SHOPS = 160
QUICK = 6
POPULATIONS = 60
QUICK_POPULATIONS = 4
PLANNED = 120
MIXED = 30
QUICK_MIXED = 2
EQUAL = 14
QUICK_EQUAL = 2
AT_ONCE = 20
"""Shops whose catalogue is read together."""
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
    context = _context()
    for seed in range(1, n + 1, AT_ONCE):
        some = min(AT_ONCE, n + 1 - seed)
        played = play_together(
            context, _plan(seed), POLICIES, n_seeds=some, is_stored=False, fit=()
        )
        for of in range(seed, seed + some):
            yield {run.policy: measure(lay_out(run)) for run in played.runs if run.seed == of}


def _context() -> Context:
    return open_context(settings.load(), PartTalk())


def _plan(seed: int, *, shoppers: int = 400, days: int = 6) -> Plan:
    return Plan(items=300, queries=100, shoppers=shoppers, days=days, seed=seed)


def page_block_of_plans(n: int, *, is_quick: bool) -> str:
    """Pilots of one size and shops of others, n of each."""
    context = _context()
    pilots = planning.play(context, _plan(1), n, (3, 6))
    others = [
        played
        for shoppers in ((200,) if is_quick else (200, 800))
        for played in planning.play(context, _plan(1, shoppers=shoppers), n, (6,))
    ]
    trials = planning.QUICK_TRIALS if is_quick else planning.TRIALS
    return planning.page_block(pilots, others, trials=trials)


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
    halves = " and ".join(
        f"of `{policy}` in {_rate(*populations.split_alarms(played, policy))}"
        for policy in populations.POLICIES
    )
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
        "\nThe same of two halves of one population, parted by lot, who met one policy that learns"
        f" from all: an alarm {halves}."
        f"\nAmong the segments together, corrected: an alarm {by_segment} of {pairs}."
    )
    return "\n".join([*populations.table(played), "", note])


def page_block_of_interleaving(n: int, equal: int) -> str:
    """Two policies in one run: n shops of pairs that differ, and others of pairs that do not."""
    context = _context()
    wanted = max(n, equal)
    places = list(told(interleaving.shops(context, _plan(1, days=4), wanted), "shops", wanted))
    some, alike = ToldList(places[:n]), ToldList(places[:equal])
    some.what, alike.what = "shops of a pair", "shops of equal policies"
    return interleaving.page_block(some, alike)


def page_block_of_looks(played: list[Shop], *, is_quick: bool) -> str:
    """Table and note of looking every day and every seed."""
    context = _context()
    values = [shop["blend"]["ctr"].value for shop in played]
    return peeking.page_block(context, values, is_quick=is_quick)


def page_block_of_long_runs(*, is_quick: bool) -> str:
    """Table and note of the late trend; a quick look takes shorter runs of fewer shoppers."""
    context = _context()
    plan = _plan(1, shoppers=100, days=14) if is_quick else _plan(1, days=28)
    n = long_runs.QUICK if is_quick else long_runs.SHOPS
    return long_runs.page_block(long_runs.trends(context, plan, n), plan)


def write(page: str, block: str, begin: str) -> str:
    """The page with a block in the place that is kept for it."""
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n\n{block}\n\n{END}{rest.partition(END)[2]}"


def _rate(found: int, n: int) -> str:
    """`5.0 % of 280 pairs (binomial error 1.3 points)`."""
    error = 100 * (0.05 * 0.95 / max(1, n)) ** 0.5
    return f"{100 * found / max(1, n):.1f} % of {n} pairs (binomial error {error:.1f} points)"


def _points(n: int) -> str:
    return f"{100 * (0.95 * 0.05 / max(1, n)) ** 0.5:.1f}"


@dataclass(frozen=True)
class Sizes:
    """How much each part plays."""

    is_quick: bool
    shops: int
    planned: int
    populations: int
    mixed: int
    equal: int


def of_shops(sizes: Sizes) -> Blocks:
    """The shops, and what is read of them."""
    played = list(told(shops(sizes.shops), "shops", sizes.shops))
    return {
        BEGIN: page_block_of_shops(played),
        BEGIN_EXPECTED: expected.page_block(played),
        BEGIN_PEEKING: page_block_of_looks(played, is_quick=sizes.is_quick),
    }


def of_shoppers(sizes: Sizes) -> Blocks:
    """Populations of two shops."""
    n = sizes.populations
    played = [
        list(told(populations.populations(_plan(seed), n), f"populations of shop {seed}", n))
        for seed in (1, 2)
    ]
    return {BEGIN_SHOPPERS: page_block_of_shoppers(played)}


def of_plans(sizes: Sizes) -> Blocks:
    """Pilots and what is planned from them."""
    return {BEGIN_PLANS: page_block_of_plans(sizes.planned, is_quick=sizes.is_quick)}


def of_interleaving(sizes: Sizes) -> Blocks:
    """Two policies in one run."""
    return {BEGIN_MIXED: page_block_of_interleaving(sizes.mixed, sizes.equal)}


def of_counterfactual(sizes: Sizes) -> Blocks:
    """Logs by lot, and targets."""
    return {BEGIN_COUNTERFACTUAL: counterfactual.page_block(_context(), is_quick=sizes.is_quick)}


def of_long_runs(sizes: Sizes) -> Blocks:
    """Runs of four weeks."""
    return {BEGIN_LONG: page_block_of_long_runs(is_quick=sizes.is_quick)}


PARTS: Mapping[str, Callable[[Sizes], Blocks]] = {
    "interleaving": of_interleaving,
    "long-runs": of_long_runs,
    "plans": of_plans,
    "shops": of_shops,
    "shoppers": of_shoppers,
    "counterfactual": of_counterfactual,
}
"""The longest first, so that the others fill the gaps."""


def main() -> None:
    """Play, count, and write the tables into the page."""
    asked = _asked()
    few = asked.quick
    sizes = Sizes(
        is_quick=few,
        shops=QUICK if few else asked.shops,
        planned=QUICK if few else asked.planned,
        populations=QUICK_POPULATIONS if few else asked.populations,
        mixed=QUICK_MIXED if few else MIXED,
        equal=QUICK_EQUAL if few else EQUAL,
    )
    most = max(sizes.shops, sizes.planned, sizes.equal, sizes.mixed, long_runs.SHOPS)
    embed(max(QUICK, QUICK_EQUAL) if few else most)
    parts = {name: partial(PARTS[name], sizes) for name in PARTS if name in asked.only}
    for found in blocks_of(parts):
        for begin, block in found.items():
            sys.stdout.write(f"{block}\n\n")
            if not few:  # each at once: what a later part fails at takes nothing away
                PAGE.write_text(write(PAGE.read_text(), block, begin))
        sys.stdout.flush()


def embed(n: int) -> None:
    """The pictures of all shops at once: a network is opened for them once, and no part needs
    it.
    """
    context = open_context(settings.load(), Terminal())
    resolved = prepare_all(context, [_plan(seed) for seed in range(1, n + 1)])
    config = resolved[0].config
    hashes = sorted({item.image for one in resolved for item in one.items})
    vectors(context, EmbedderKey(config["model"], config["runtime"]), hashes)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few shops; writes no page")
    parser.add_argument("--shops", type=int, default=SHOPS)
    parser.add_argument("--planned", type=int, default=PLANNED, help="shops of each size planned")
    parser.add_argument("--populations", type=int, default=POPULATIONS, help="of each of 2 shops")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), help="some of the parts"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
