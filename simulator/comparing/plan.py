"""How large an experiment must be, from one that was played: `windowshop plan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from db.errors import UsageError
from simulator.comparing.pilot import measure_named, offered, piloted, variances
from simulator.comparing.power import ExperimentSize, Variances, seeds_for, sized
from simulator.installation.context import Context
from simulator.installation.named import Named, named
from simulator.playing.again import playing_again
from simulator.playing.report import load
from simulator.report.numbers.comparison import in_order
from simulator.report.numbers.measure_row import Measure
from simulator.report.numbers.panel import RunData
from simulator.report.numbers.statistics import FEW_SEEDS, Estimate
from workers.settings import Settings

SHOPPERS = (0.5, 1.0, 2.0, 4.0)
"""Times the pilot's, where nobody asks for a number; of policies that learn no more than once."""


@dataclass(frozen=True)
class PlanWish:
    """What is to be found, and what is given."""

    measure: str
    effect: float
    """Percent of the second policy's value."""
    power: float
    shoppers: int | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        """Raise UsageError for what no experiment could find."""
        if not 0.05 < self.power < 1:
            raise UsageError(f"--power must lie between 0.05 and 1, found {self.power:g}")
        if not 0 < self.effect < float("inf"):
            raise UsageError(f"--effect must be a percentage above 0, found {self.effect:g}")
        for name in ("shoppers", "days"):
            given = getattr(self, name)
            if given is not None and given < 1:
                raise UsageError(f"--{name} must be at least 1, found {given}")


@dataclass(frozen=True)
class Planned:
    """The experiments that would do, and the one that costs least."""

    a: str
    b: str
    measure: Measure
    wish: PlanWish
    measured: Mapping[int, Variances]
    """What the pilot says, after each number of days that is looked at."""
    sizes: Sequence[ExperimentSize]
    """Of all these days."""
    config: dict[str, Any]
    """Of one run of the pilot."""
    first_seed: int
    """None that the pilot has played."""

    @property
    def days(self) -> int:
        """Those that were asked for, or all of the pilot."""
        return max(self.measured)

    @property
    def pilot(self) -> Variances:
        """What it says after these days."""
        return self.measured[self.days]

    @property
    def effect(self) -> float:
        """The wanted difference, in the measure's unit."""
        return abs(self.pilot.base) * self.wish.effect / 100

    @property
    def best(self) -> ExperimentSize:
        """The cheapest of these days: fewer cost less, but show less of what is learned."""
        return min(
            (size for size in self.sizes if size.days == self.days),
            key=lambda size: size.shopper_days,
        )

    def command(self, settings: Settings) -> str:
        """The command that plays the cheapest in the pilot's world."""
        best = self.best
        sizes = {"shoppers": best.shoppers, "days": best.days}
        first = self.first_seed
        return playing_again(
            settings,
            [
                self.config | sizes | {"policy": policy, "seed": seed}
                for seed in range(first, first + best.seeds)
                for policy in (self.b, self.a)
            ],
        )

    def percent(self, difference: float, days: int) -> float:
        """A difference as the wish has it, of the second policy's value after so many days."""
        return 100 * difference / abs(self.measured[days].base)

    def to_json(self) -> dict[str, Any]:
        """The answer that other programs rely on; error, detectable and seen in percent."""
        best = self.best
        return {
            **self._said(best),
            "a": self.a,
            "b": self.b,
            "measure": self.measure.stem,
            "effect": self.wish.effect,
            "wanted_power": self.wish.power,
            "pilot": asdict(self.pilot) | {"s2_shop": self.pilot.s2_shop},
            "sizes": [self._said(size) for size in self.sizes],
        }

    def _said(self, size: ExperimentSize) -> dict[str, Any]:
        return {
            "seeds": size.seeds,
            "shoppers": size.shoppers,
            "days": size.days,
            "power": round(size.power, 4),
            **{
                name: round(self.percent(getattr(size, name), size.days), 4)
                for name in ("error", "detectable", "seen")
            },
        }


def plan(
    context: Context, name: str, wish: PlanWish, pair: tuple[str, str] | None = None
) -> Planned:
    """The sizes of an experiment that finds a difference as large as wished.

    name: the pilot, an experiment of at least two seeds. pair: (a, b) for a - b; left out, the two
    most knowing policies that were played. Raises NotFoundError for an unknown name or measure,
    UsageError for a pilot that says nothing, and where no size would do.
    """
    row = measure_named(wish.measure)
    pilot = named(context, name)
    a, b = pair or _pair(pilot)
    _require(pilot, (a, b))
    run = load(context, next(iter(pilot.seeds.values()))[a])
    is_learned = any(_learns(policy) for policy in (a, b))
    _require_foretold(context, run, pilot, (a, b), wish, is_learned=is_learned)
    looked = [wish.days] if wish.days else offered(run.days)
    measured = _measured(context, pilot, (a, b), row, looked)
    sizes = options(measured, wish, is_learned=is_learned)
    return Planned(a, b, row, wish, measured, sizes, run.config, max(pilot.seeds) + 1)


def _measured(
    context: Context, pilot: Named, pair: tuple[str, str], row: Measure, days: Sequence[int]
) -> dict[int, Variances]:
    assert row.formula is not None  # noqa: S101 - measure_named gives no other
    found: dict[tuple[str, int], list[Estimate]] = {}
    for of_seed in pilot.seeds.values():
        for policy in pair:
            run = load(context, of_seed[policy])
            for day, seen in piloted(run, row.formula, days).items():
                found.setdefault((policy, day), []).append(seen)
    a, b = pair
    sizes = {"shoppers": run.n_shoppers}
    return {day: variances(found[a, day], found[b, day], days=day, **sizes) for day in days}


def options(
    measured: Mapping[int, Variances], wish: PlanWish, *, is_learned: bool
) -> list[ExperimentSize]:
    """For the most days an experiment for each number of shoppers, for fewer days one with the
    pilot's, of five seeds or more each.

    measured: what a pilot says, by its days. is_learned: a policy of the two follows clicks, so no
    number of shoppers above the pilot's can be foretold. UsageError where none would do for the
    most days.
    """
    most = measured[max(measured)]
    if most.base == 0 or most.between <= 0:
        raise UsageError(
            "the pilot's shops do not differ, so nothing follows of how many are needed; play it"
            " with more shoppers or days"
        )
    parts = [part for part in SHOPPERS if part <= 1 or not is_learned]
    times = sorted({max(1, round(part * most.shoppers)) for part in parts})
    sizes = [
        size
        for _, pilot in sorted(measured.items())
        for shoppers in _shoppers(wish, [most.shoppers] if pilot is not most else times)
        if (size := _least(pilot, wish, shoppers)) is not None
    ]
    if not any(size.days == most.days for size in sizes):
        raise UsageError(
            f"no number of seeds up to 10,000 finds {wish.effect:g} % so often; ask for a larger"
            " --effect or a smaller --power"
        )
    return sizes


def _shoppers(wish: PlanWish, usual: list[int]) -> list[int]:
    return [wish.shoppers] if wish.shoppers else usual


def _least(pilot: Variances, wish: PlanWish, shoppers: int) -> ExperimentSize | None:
    """The fewest seeds that find the effect; None where no number of them does."""
    if pilot.base == 0 or pilot.between <= 0:
        return None  # a policy that has not learned yet does what the other does
    effect = abs(pilot.base) * wish.effect / 100
    seeds = seeds_for(pilot, effect, power=wish.power, shoppers=shoppers, least=FEW_SEEDS)
    if seeds is None:
        return None
    return sized(pilot, effect, power=wish.power, seeds=seeds, shoppers=shoppers)


def _pair(pilot: Named) -> tuple[str, str]:
    """The two most knowing, later minus earlier, references left out where others remain."""
    from recommender.registry import REFERENCES  # noqa: PLC0415 - one use

    policies = in_order({policy for of_seed in pilot.seeds.values() for policy in of_seed})
    ours = [one for one in policies if one not in REFERENCES]
    chosen = ours if len(ours) > 1 else policies
    if len(chosen) < 2:
        raise UsageError(
            f"{pilot.id} has one policy; a pilot needs two, as `windowshop experiment --policies"
            " visual,blend --seeds 5` plays them"
        )
    if {"visual", "blend"} <= set(chosen):
        return "blend", "visual"
    return chosen[-1], chosen[-2]


def _require(pilot: Named, pair: tuple[str, str]) -> None:
    for policy in pair:
        if any(policy not in of_seed for of_seed in pilot.seeds.values()):
            played = ", ".join(dict.fromkeys(p for one in pilot.seeds.values() for p in one))
            raise UsageError(f"{pilot.id} has no runs of {policy!r}; found runs of {played}")
    if len(pilot.seeds) < 2:
        raise UsageError(
            f"a pilot needs at least 2 seeds, {pilot.id} has {len(pilot.seeds)}; play"
            " `windowshop experiment --policies visual,blend --seeds 5`, for instance"
        )


def _learns(policy: str) -> bool:
    """Whether it follows clicks; nobody knows it of a guest."""
    from recommender.registry import POLICIES  # noqa: PLC0415 - one use

    return policy not in POLICIES or POLICIES[policy].follows_clicks


def _require_foretold(
    context: Context,
    run: RunData,
    pilot: Named,
    pair: tuple[str, str],
    wish: PlanWish,
    *,
    is_learned: bool,
) -> None:
    """Nobody can foretell what later days bring, nor what more shoppers teach a policy."""
    pilots = {"days": run.days, "shoppers": run.n_shoppers}
    for name in ("days", *(["shoppers"] if is_learned else [])):
        asked = getattr(wish, name)
        if asked is None or asked <= pilots[name]:
            continue
        larger = [
            run.config | {name: asked, "policy": policy, "seed": seed}
            for seed in sorted(pilot.seeds)
            for policy in reversed(pair)
        ]
        raise UsageError(
            f"--{name} must be at most the pilot's {pilots[name]}, found {asked}: more cannot be"
            f" foretold; play the pilot with those {name}:"
            f" {playing_again(context.settings, larger)}"
        )
