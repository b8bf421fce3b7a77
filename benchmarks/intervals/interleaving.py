"""Interleaving and A/B tests against the truth, shop by shop: who points the right way, how many
visits each needs, and how often two equal policies are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.comparing.in_one_run import OneShop, ShopsSeen
from simulator.comparing.mixed_run import Pair
from simulator.comparing.preference import gap_of, preference, times_the_sessions
from simulator.installation.context import Context
from simulator.playing.in_memory import gather, share_world
from simulator.playing.plan import Plan
from simulator.playing.simulate import prepare
from simulator.report.numbers.expected_outcomes import conversion_rate_expected
from simulator.report.numbers.formulas import conversion_rate
from simulator.report.numbers.panel import Panel, lay_out, sums
from simulator.report.numbers.statistics import LEVEL, Estimate, Gap, ratio

PAIRS: tuple[Pair, ...] = (
    ("visual", "random"),
    ("blend", "visual"),
    ("visual", "cf"),
    ("blend", "popularity"),
    ("oracle", "blend"),
)
LOTS = 60
"""How often each run is parted anew into two sides that do not differ."""
PARTED: Pair = ("blend", "visual")
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
    """How many times the visits an A/B test needs, both by clicks."""
    times_expected: float
    """The same, both by the judge's chances of clicks."""
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
    seen = [ShopsSeen() for _ in places]
    bought: list[Estimate] = []
    gains: list[float] = []
    for place, one in zip(places, seen, strict=True):
        alone = place.look(one, pair, is_split=False)
        bought += [conversion_rate(alone[policy]) for policy in pair]
        expected = [conversion_rate_expected(alone[policy]).value for policy in pair]
        gains.append(expected[0] - expected[1])
    return judged(pair, seen, bought, gains)


def judged(
    pair: Pair, seen: Sequence[ShopsSeen], bought: Sequence[Estimate], gains: Sequence[float]
) -> Told:
    """What follows of what was seen; bought, gains: of each alone, drawn and expected."""
    preferred = [found for one in seen for found in one.found]
    by_chance = [found for one in seen for found in one.expected]
    clicked = [found for one in seen for found in one.drawn]
    expected = [found for one in seen for of in one.truth for found in of]
    effect = float(np.mean([one.effects for one in seen]))
    return Told(
        pair,
        [gap_of(one.found) for one in seen],
        [gap_of(one.first, one.second) for one in seen],
        [gap_of(*one.truth) for one in seen],
        times=times_the_sessions(preferred, clicked, effect),
        times_expected=times_the_sessions(by_chance, expected, effect),
        times_bought=times_the_sessions(preferred, bought, float(np.mean(gains))),
    )


def alarms(places: Sequence[OneShop], *, is_split: bool) -> tuple[int, int]:
    """How often two sides are told apart that do not differ, and of how many times.

    Two equal policies share each place alike and no click speaks for either, so they are never told
    apart. Here two that differ swap their names for half of the shoppers, by lot; or one policy's
    shoppers are parted by lot.
    """
    found: list[bool] = []
    for number, place in enumerate(places):
        rng = np.random.default_rng(number)
        if is_split:
            found += parted(lay_out(place.alone(PARTED[0])), rng)
        else:
            found += swapped(*place.interleaved(PARTED), rng)
    return int(sum(found)), len(found)


def swapped(panel: Panel, credit: NDArray[np.int64], rng: np.random.Generator) -> list[bool]:
    """Whether clicks tell two names apart that mean either policy, LOTS times."""
    found = []
    for _ in range(LOTS):
        sign = rng.choice([-1, 1], panel.run.n_shoppers)[panel.slates.shopper]
        found.append(gap_of([preference(panel, credit * sign[:, None])]).p < 1 - LEVEL)
    return found


def parted(panel: Panel, rng: np.random.Generator) -> list[bool]:
    """Whether halves of the shoppers who met one policy differ in their click rate, LOTS times."""
    n = panel.run.n_shoppers
    clicks = sums(panel.slates.shopper, panel.slates.is_clicked.sum(1), n)
    shown = sums(panel.slates.shopper, panel.slates.is_shown.sum(1), n)
    found = []
    for _ in range(LOTS):
        arm = rng.permutation(n) < n // 2
        halves = [ratio(clicks * half, shown * half) for half in (arm, ~arm)]
        found.append(gap_of([halves[0]], [halves[1]]).p < 1 - LEVEL)
    return found


def page_block(places: Sequence[OneShop], equal: Sequence[OneShop]) -> str:
    """Table and note."""
    alarmed = (alarms(equal, is_split=False), alarms(equal, is_split=True))
    size = places[0].shared.config
    return block([told(places, pair) for pair in PAIRS], alarmed, size["shoppers"], size["days"])


def block(
    found: Sequence[Told], alarmed: Sequence[tuple[int, int]], shoppers: int, days: int
) -> str:
    """Table and note of what was found; alarmed: in mixed lists, and of halves."""
    columns = ("pair", "true effect", "preference", "right sign", "right sign, A/B")
    times = ("by clicks", "by chances", "bought")
    header = f"| {' | '.join([*columns, *times])} |"
    rows = [header, "|---" * len([*columns, *times]) + "|", *(_row(one) for one in found)]
    right = sum(one.is_right for one in found)
    note = (
        f"{len(found[0].truth)} shops of {shoppers} shoppers and {days} days a pair."
        " True effect: of `ctr_expected`, each alone, mean over shops. Preference: telling clicks"
        " beyond half, of a hundred. Right sign: in the shops whose true effect is above"
        f" {SURE:g} standard errors; over all shops together, interleaving points the right way in"
        f" {right} of {len(found)} pairs. By clicks: how many times the visits of interleaving an"
        " A/B test on `ctr` with the same learner needs to be as sure; by chances: the same of"
        " `ctr_expected` and of mixed lists that are judged by chances too; bought: one on"
        " `conversion_rate`, each policy alone."
        f" Sides that do not differ are told apart in {_said(*alarmed[0])} when interleaved,"
        f" and in {_said(*alarmed[1])} by an A/B test."
    )
    return "\n".join([*rows, "", note])


def _row(one: Told) -> str:
    truth, said = (100 * np.mean([gap.value for gap in of]) for of in (one.truth, one.interleaved))
    ours, theirs = (
        "{} of {}".format(*one.share_right(said)) for said in (one.interleaved, one.split)
    )
    return (
        f"| `{one.pair[0]}`, `{one.pair[1]}` | {truth:+.2f} points | {said:+.1f} | {ours} |"
        f" {theirs} | {one.times:.1f} | {one.times_expected:.1f} | {one.times_bought:.0f} |"
    )


def _said(found: int, n: int) -> str:
    """`5.1 % of 280 (binomial error 1.3 points)`."""
    error = 100 * (0.05 * 0.95 / n) ** 0.5
    return f"{100 * found / n:.1f} % of {n} (binomial error {error:.1f} points)"
