"""How often an interval over shoppers holds the mean over other shoppers of the same shop.

One shop is played with many populations, none of whom meets another. Items, styles, prices and what
all have in common stay; who comes, what she likes and every die are drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from simulator.comparing.preference import of_arm
from simulator.installation.context import Silence, open_context
from simulator.playing.in_memory import SharedWorld, gather, play_in_memory, share_world
from simulator.playing.plan import Plan
from simulator.playing.record import Record
from simulator.playing.simulate import prepare
from simulator.playing.together import remembered
from simulator.report.numbers import many, statistics
from simulator.report.numbers.measures import MEASURES, is_compared, measure, one_run_tells
from simulator.report.numbers.panel import Panel, RunData, lay_out
from simulator.report.numbers.segments import gaps
from simulator.report.numbers.statistics import Estimate, Gap, Interval
from simulator.world.shopper import populate
from workers import settings

POLICIES = ("visual", "blend")
SEGMENT = "segment "
"""How the name of a segment's rate begins, beside those of measures."""
HALF = "half "
"""The same of a headline of half of the shoppers: the number of the lot, which half, its name."""
LOTS = 3
"""How often the shoppers of a population are parted by lot into two halves."""
PAIRS = 280
"""Of such halves, that are looked at."""

Played = dict[str, dict[str, Estimate]]
"""policy -> measure -> estimate, of one population."""


def among_others(shared: SharedWorld, seed: int) -> SharedWorld:
    """The same shop with shoppers and dice of another seed."""
    world = shared.world
    people = populate(world.config, seed, world.catalogue, world.n_shoppers)
    people = replace(people, popular_taste=world.population.popular_taste)
    return replace(
        shared,
        config=shared.config | {"seed": seed},
        world=replace(world, seed=seed, population=people),
    )


def populations(plan: Plan, n: int) -> Iterator[Played]:
    """The measures of each policy with n populations of the plan's shop."""
    context = open_context(settings.load(), Silence())
    resolved = {one: prepare(context, replace(plan, policy=one)) for one in POLICIES}
    first = resolved[POLICIES[0]]
    shop = share_world(first.config, *gather(context, first))
    for number in range(n):
        shared = among_others(shop, 1000 * plan.seed + number)
        found: Played = {}
        for policy in POLICIES:
            config = resolved[policy].config | {"seed": shared.config["seed"]}
            record = Record(config["recommender"]["slate_size"])
            play_in_memory(shared, policy, record=record)
            run = remembered(context, replace(first, config=config), shared, record, None)
            panel = lay_out(run)
            found[policy] = measure(panel) | _segments(panel) | _halves(run)
        yield found


def table(shops: Sequence[Sequence[Played]]) -> list[str]:
    """A row a measure: how often each interval held the mean over the shop's populations."""
    rows = [
        "| measure | `visual` | `blend` | `blend - visual` | `blend` apart from itself |",
        "|---|---|---|---|---|",
    ]
    for name in (one for one in shops[0][0]["blend"] if is_compared(one)):
        cells = [_share(shops, _of("visual", name)), _share(shops, _of("blend", name))]
        apart = "none given"
        if one_run_tells("blend", name):
            cells.append(_share(shops, partial(_gap, name=name)))
            apart = _said([_is_apart(a, b, name) for a, b in _pairs(shops)])
        else:
            cells[1] = "none given"
            cells.append("none given")
        rows.append(f"| `{name}` | {' | '.join(cells)} | {apart} |")
    return rows


def family_alarms(shops: Sequence[Sequence[Played]]) -> tuple[int, int]:
    """Pairs of populations with any alarm among the headlines of `blend`, corrected; and pairs."""
    return _alarms(shops, "blend", many.is_headline)


def segment_alarms(shops: Sequence[Sequence[Played]], policy: str) -> tuple[int, int]:
    """The same among the segments of a policy."""
    return _alarms(shops, policy, lambda name: name.startswith(SEGMENT))


def split_alarms(shops: Sequence[Sequence[Played]], policy: str) -> tuple[int, int]:
    """Halves of one population, by lot, with any alarm among the headlines, corrected; and pairs.

    Lots of one population are nearly independent of each other: who is in which half is drawn anew.
    """
    parted = [(one[policy], lot) for lot in range(LOTS) for shop in shops for one in shop][:PAIRS]
    return sum(_is_parted(*one) for one in parted), len(parted)


def _is_parted(found: Mapping[str, Estimate], lot: int) -> bool:
    names = [name for name in found if name.startswith(f"{HALF}{lot} 0 ")]
    pairs = [(found[one], found[one.replace(f"{lot} 0", f"{lot} 1", 1)]) for one in names]
    values = [a.value - b.value for a, b in pairs]
    return any(
        p < 1 - statistics.LEVEL
        for p in many.max_t(values, [a.influence - b.influence for a, b in pairs])
    )


def _halves(run: RunData) -> dict[str, Estimate]:
    """The headlines of either half of the shoppers, who met one policy that learns from all."""
    found = {}
    for lot in range(LOTS):
        arms = np.random.default_rng([run.seed, lot]).permutation(run.n_shoppers) % 2
        for half in (0, 1):
            panel = lay_out(of_arm(run, arms, half))
            for name, row in MEASURES.items():
                if many.is_headline(name) and row.formula:
                    found[f"{HALF}{lot} {half} {name}"] = row.formula(panel)
    return found


def _alarms(
    shops: Sequence[Sequence[Played]], policy: str, is_of_family: Callable[[str], bool]
) -> tuple[int, int]:
    pairs = _pairs(shops)
    return sum(_any_alarm(a[policy], b[policy], is_of_family) for a, b in pairs), len(pairs)


def _segments(panel: Panel) -> dict[str, Estimate]:
    return {f"{SEGMENT}{name}": rate for name, rate in gaps.rates(panel).items()}


def _of(policy: str, name: str) -> Callable[[Played], Interval]:
    if not one_run_tells(policy, name):
        return lambda one: Interval(one[policy][name].value, np.nan, np.nan, 0)
    return lambda one: statistics.by_shopper(one[policy][name])


def _gap(one: Played, *, name: str) -> Gap:
    return statistics.paired(one["blend"][name], one["visual"][name])


def _share(shops: Sequence[Sequence[Played]], interval: Callable[[Played], Interval | Gap]) -> str:
    held: list[bool] = []
    for shop in shops:
        found = [interval(one) for one in shop]
        truth = float(np.nanmean([one.value for one in found]))
        held += [one.low <= truth <= one.high for one in found if not np.isnan(one.low)]
    return _said(held)


def _said(held: Sequence[bool]) -> str:
    return f"{np.mean(held):.0%}".replace("%", " %") if held else "none given"


def _pairs(shops: Sequence[Sequence[Played]]) -> list[tuple[Played, Played]]:
    """Populations of one shop, two and two; each is in one pair only."""
    return [pair for shop in shops for pair in zip(shop[::2], shop[1::2], strict=False)]


def _is_apart(a: Played, b: Played, name: str) -> bool:
    """Whether two populations under one policy differ beyond chance: a false alarm."""
    ours, theirs = a["blend"][name], b["blend"][name]
    variance = ours.variance + theirs.variance
    return bool(abs(ours.value - theirs.value) > 1.96 * variance**0.5)


def _any_alarm(
    a: Mapping[str, Estimate], b: Mapping[str, Estimate], is_of_family: Callable[[str], bool]
) -> bool:
    names = [name for name in a if is_of_family(name)]
    values = [a[name].value - b[name].value for name in names]
    moved = [np.concatenate([a[name].influence, -b[name].influence]) for name in names]
    return any(p < 1 - statistics.LEVEL for p in many.max_t(values, moved))
