"""Two policies in one run beside the truth: `windowshop interleave` and `windowshop split`.

Only a simulator has the truth: each policy alone with the same shoppers, by the same dice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import UsageError
from simulator.comparing.mixed_run import Pair, arms, checked, play_mixed
from simulator.comparing.preference import (
    effect_of_split,
    gap_of,
    in_order,
    of_arm,
    preference,
    preference_expected,
    times_the_sessions,
)
from simulator.installation.context import Context
from simulator.playing.experiment import fitted
from simulator.playing.in_memory import SharedWorld, gather, play_in_memory, share_world
from simulator.playing.plan import Plan, Resolved
from simulator.playing.record import Record
from simulator.playing.simulate import prepare
from simulator.playing.together import remembered
from simulator.report.numbers import formulas
from simulator.report.numbers.panel import Panel, RunData, lay_out
from simulator.report.numbers.statistics import LEVEL, Estimate, Gap

EXPECTED = "ctr_expected"


@dataclass
class ShopsSeen:
    """What was seen in each shop, an estimate a shop."""

    found: list[Estimate] = field(default_factory=list)
    """The preference by clicks; none of a split."""
    first: list[Estimate] = field(default_factory=list)
    """The click rate of those who met the first policy, where shoppers were split."""
    second: list[Estimate] = field(default_factory=list)
    """The same of the second."""
    truth: tuple[list[Estimate], list[Estimate]] = field(default_factory=lambda: ([], []))
    """The expected click rate of each policy alone."""
    drawn: list[Estimate] = field(default_factory=list)
    """The click rate of each policy alone."""
    expected: list[Estimate] = field(default_factory=list)
    """The preference by the judge's chances; none of a split."""
    effects: list[float] = field(default_factory=list)
    """What an A/B test finds in the expected click rate, in which both learn together, as they do
    where their lists are mixed; none of a split.
    """
    sessions: int = 0


@dataclass(frozen=True)
class InOneRun:
    """What two policies in one run say, and what is true."""

    pair: Pair
    is_split: bool
    seeds: int
    said: Gap
    truth: Gap
    values: tuple[float, float]
    """The true click rate of each."""
    sessions: int
    times: float
    """How many times the sessions an A/B test needs to be as sure as interleaving, both by what was
    clicked; NaN of one.
    """
    times_expected: float
    """The same, both by the judge's chances of clicks."""

    @property
    def is_faithful(self) -> bool | None:
        """Whether it points where the truth does; None where the truth has no direction."""
        if not self.truth.p < 1 - LEVEL:
            return None
        return bool(np.sign(self.said.value) == np.sign(self.truth.value))

    def to_json(self) -> dict[str, Any]:
        """The answer that other programs rely on; what is undefined is null."""
        return {
            "effect" if self.is_split else "preference": _numbers(self.said),
            "true_effect": _numbers(self.truth) | {"measure": EXPECTED},
            "sessions": self.sessions,
            "a": self.pair[0],
            "b": self.pair[1],
            "seeds": self.seeds,
            "over": "shops" if self.seeds > 1 else "shoppers",
            "is_faithful": self.is_faithful,
            **(
                {}
                if self.is_split
                else {
                    "ab_test_times": _or_null(self.times),
                    "ab_test_times_expected": _or_null(self.times_expected),
                }
            ),
        }


def in_one_run(
    context: Context,
    plan: Plan,
    pair: Pair,
    *,
    n_seeds: int,
    is_split: bool,
    fit: Sequence[str] = (),
) -> InOneRun:
    """Play both policies in one run and each alone, in memory, under each seed.

    fit: sizes that nobody asked for; where the catalogue has fewer, take what it has. Raises
    UsageError for policies that cannot be mixed.
    """
    checked(pair)
    sized = fitted(context, plan, fit)
    shops = ShopsSeen()
    runs = (1 if is_split else 2) + len(set(pair))
    what = f"{pair[0]} and {pair[1]}"
    with context.talk.progress(what, n_seeds * runs * plan.days) as step:
        for seed in range(plan.seed, plan.seed + n_seeds):
            resolved = prepare(context, replace(sized, seed=seed, policy=pair[0]))
            shared = share_world(resolved.config, *gather(context, resolved))
            one = OneShop(context, resolved, shared, lambda _day: step())
            one.look(shops, pair, is_split=is_split)
    return _answer(shops, pair, is_split=is_split, n_seeds=n_seeds)


@dataclass(frozen=True)
class OneShop:
    """One shop, in which every run meets the same shoppers."""

    context: Context
    resolved: Resolved
    shared: SharedWorld
    after_day: Callable[[int], None] = lambda _day: None

    def look(self, shops: ShopsSeen, pair: Pair, *, is_split: bool) -> dict[str, Panel]:
        """Play both in one run and each alone, and add what is seen; the runs of each alone."""
        alone = {policy: lay_out(self.alone(policy)) for policy in dict.fromkeys(pair)}
        for number, policy in enumerate(pair):
            shops.truth[number].append(formulas.ctr_expected(alone[policy]))
            shops.drawn.append(formulas.ctr(alone[policy]))
        halves, n = self.split(pair)
        for number, seen in enumerate((shops.first, shops.second)):
            seen.append(formulas.ctr(halves[number]))
        if is_split:
            shops.sessions += n
            return alone
        base = self._halves(alone[pair[1]].run)
        shops.effects.append(effect_of_split(halves, base, formulas.ctr_expected))
        panel, credit = self.interleaved(pair)
        shops.found.append(preference(panel, credit))
        shops.expected.append(preference_expected(panel, credit))
        shops.sessions += len(panel.sessions.session)
        return alone

    def interleaved(self, pair: Pair) -> tuple[Panel, NDArray[np.int64]]:
        """The run of both in each list, and whom a click at each place speaks for."""
        record = self._record()
        desk = play_mixed(
            self.shared, pair, is_split=False, record=record, after_day=self.after_day
        )
        return lay_out(self._run(record)), in_order(desk.credit)

    def split(self, pair: Pair) -> tuple[list[Panel], int]:
        """The run in which half of the shoppers meet each, half by half, and its visits."""
        record = self._record()
        play_mixed(self.shared, pair, is_split=True, record=record, after_day=self.after_day)
        halves = self._halves(self._run(record))
        return halves, sum(len(half.sessions.session) for half in halves)

    def alone(self, policy: str) -> RunData:
        """The run of one policy, which learns from itself."""
        record = self._record()
        play_in_memory(self.shared, policy, record=record, after_day=self.after_day)
        return self._run(record)

    @staticmethod
    def _halves(run: RunData) -> list[Panel]:
        arm = arms(run.seed, run.n_shoppers)
        return [lay_out(of_arm(run, arm, number)) for number in (0, 1)]

    def _record(self) -> Record:
        return Record(self.shared.world.slate_size)

    def _run(self, record: Record) -> RunData:
        return remembered(self.context, self.resolved, self.shared, record, None)


def _answer(shops: ShopsSeen, pair: Pair, *, is_split: bool, n_seeds: int) -> InOneRun:
    truth = gap_of(*shops.truth)
    values = [float(np.mean([one.value for one in found])) for found in shops.truth]
    times = times_expected = float("nan")
    if not is_split:
        effect = float(np.mean(shops.effects))
        everyone = [*shops.truth[0], *shops.truth[1]]
        times = times_the_sessions(shops.found, shops.drawn, effect)
        times_expected = times_the_sessions(shops.expected, everyone, effect)
    return InOneRun(
        pair=pair,
        is_split=is_split,
        seeds=n_seeds,
        said=gap_of(shops.first, shops.second) if is_split else gap_of(shops.found),
        truth=truth,
        values=(values[0], values[1]),
        sessions=shops.sessions,
        times=times,
        times_expected=times_expected,
    )


def pair_of(text: str) -> Pair:
    """`blend,visual`; UsageError for what is no pair of policies."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(names) != 2:
        raise UsageError(f"wanted two policies like blend,visual, found {text!r}")
    return names[0], names[1]


def _numbers(gap: Gap) -> dict[str, float | None]:
    return {name: _or_null(number) for name, number in asdict(gap).items()}


def _or_null(number: float) -> float | None:
    return None if np.isnan(number) else number
