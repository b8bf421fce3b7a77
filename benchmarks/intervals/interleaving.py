"""Interleaving and A/B tests against the truth, shop by shop: who points the right way, how many
visits each needs, and how often two equal policies are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.comparing.in_one_run import OneShop, ShopsSeen
from simulator.comparing.mixed_run import Pair
from simulator.comparing.preference import gap_of, times_the_sessions
from simulator.installation.context import Context
from simulator.playing.in_memory import gather, share_world
from simulator.playing.plan import Plan
from simulator.playing.simulate import prepare
from simulator.report.numbers.expected_outcomes import conversion_rate_expected
from simulator.report.numbers.formulas import conversion_rate
from simulator.report.numbers.statistics import LEVEL, Estimate, Gap

PAIRS: tuple[Pair, ...] = (
    ("visual", "random"),
    ("blend", "visual"),
    ("visual", "cf"),
    ("blend", "popularity"),
    ("oracle", "blend"),
)
EQUAL: tuple[Pair, ...] = (("visual", "visual"), ("blend", "blend"))
SURE = 3.0
"""Standard errors from which on an effect must be pointed at rightly."""


@dataclass(frozen=True)
class Told:
    """What was found of one pair, an entry a shop."""

    pair: Pair
    interleaved: Sequence[Gap]
    split: Sequence[Gap]
    truth: Sequence[Gap]
    times: float
    """How many times the visits an A/B test needs that looks at clicks."""
    times_bought: float
    """The same of one that looks at visits with a purchase."""

    def share_right(self, said: Sequence[Gap]) -> tuple[int, int]:
        """In how many shops whose effect is sure the sign is right; and how many there are."""
        sure = [
            np.sign(one.value) == np.sign(true.value)
            for one, true in zip(said, self.truth, strict=True)
            if abs(true.value) > SURE * (true.high - true.low) / (2 * 1.96)
        ]
        return int(sum(sure)), len(sure)

    @property
    def is_right(self) -> bool:
        """Whether interleaving points the right way over all shops together."""
        means = [np.mean([one.value for one in gaps]) for gaps in (self.interleaved, self.truth)]
        return bool(np.sign(means[0]) == np.sign(means[1]))


def shops(context: Context, plan: Plan, n: int) -> Iterator[OneShop]:
    """So many shops of the plan's size."""
    for seed in range(plan.seed, plan.seed + n):
        resolved = prepare(context, replace(plan, seed=seed))
        yield OneShop(context, resolved, share_world(resolved.config, *gather(context, resolved)))


def told(places: Sequence[OneShop], pair: Pair) -> Told:
    """Both ways and the truth, in each shop."""
    mixed, halved = ([ShopsSeen() for _ in places] for _ in range(2))
    bought: list[Estimate] = []
    gains: list[float] = []
    for place, one, other in zip(places, mixed, halved, strict=True):
        alone = place.look(one, pair, is_split=False)
        place.mixed(other, pair, is_split=True)
        bought += [conversion_rate(alone[policy]) for policy in pair]
        expected = [conversion_rate_expected(alone[policy]).value for policy in pair]
        gains.append(expected[0] - expected[1])
    truth = [gap_of(*one.truth) for one in mixed]
    preferred = [found for one in mixed for found in one.found]
    clicked = [found for one in mixed for found in one.drawn]
    effect = float(np.mean([one.value for one in truth]))
    return Told(
        pair,
        [gap_of(one.found) for one in mixed],
        [gap_of(one.found, one.against) for one in halved],
        truth,
        times_the_sessions(preferred, clicked, effect),
        times_the_sessions(preferred, bought, float(np.mean(gains))),
    )


def alarms(places: Sequence[OneShop], *, is_split: bool) -> tuple[int, int]:
    """How often equal policies are told apart in one shop, and of how many times."""
    found = []
    for place in places:
        for pair in EQUAL:
            seen = ShopsSeen()
            place.mixed(seen, pair, is_split=is_split)
            found.append(gap_of(seen.found, seen.against or None).p < 1 - LEVEL)
    return int(sum(found)), len(found)


def page_block(places: Sequence[OneShop], equal: Sequence[OneShop]) -> str:
    """Table and note."""
    rows = [
        "| pair | true effect | preference | right sign | right sign, A/B | visits | bought |",
        "|---|---|---|---|---|---|---|",
    ]
    found = [told(places, pair) for pair in PAIRS]
    rows += [_row(one) for one in found]
    right = sum(one.is_right for one in found)
    size = places[0].shared.config
    note = (
        f"{len(places)} shops of {size['shoppers']} shoppers and {size['days']} days a pair."
        " True effect: of `ctr_expected`, mean over shops. Preference: visits won beyond half, of"
        f" a hundred. Right sign: in the shops whose true effect is above {SURE:g} standard errors;"
        f" over all shops together, interleaving points the right way in {right} of {len(found)}"
        f" pairs. Visits: how many times those of interleaving an A/B test on `ctr` needs to be as"
        " sure; bought: one on `conversion_rate`."
        f" Equal policies are told apart in {_alarms(equal, is_split=False)} when interleaved,"
        f" and in {_alarms(equal, is_split=True)} by an A/B test."
    )
    return "\n".join([*rows, "", note])


def _row(one: Told) -> str:
    truth, said = (100 * np.mean([gap.value for gap in of]) for of in (one.truth, one.interleaved))
    ours, theirs = (
        "{} of {}".format(*one.share_right(said)) for said in (one.interleaved, one.split)
    )
    return (
        f"| `{one.pair[0]}`, `{one.pair[1]}` | {truth:+.2f} points | {said:+.1f} | {ours} |"
        f" {theirs} | {one.times:.1f} | {one.times_bought:.0f} |"
    )


def _alarms(places: Sequence[OneShop], *, is_split: bool) -> str:
    """`5.1 % of 280 (binomial error 1.3 points)`."""
    found, n = alarms(places, is_split=is_split)
    error = 100 * (0.05 * 0.95 / n) ** 0.5
    return f"{100 * found / n:.1f} % of {n} (binomial error {error:.1f} points)"
