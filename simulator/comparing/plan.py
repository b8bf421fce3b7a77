"""How large an experiment must be, from one that was played: `windowshop plan`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from db.errors import UsageError
from simulator.comparing.pilot import Piloted, measure_named, piloted, variances
from simulator.comparing.power import ExperimentSize, Variances, seeds_for, sized
from simulator.installation.context import Context
from simulator.installation.named import Named, named
from simulator.playing.again import playing_again
from simulator.playing.report import load
from simulator.report.numbers.comparison import in_order
from simulator.report.numbers.measure_row import Measure
from simulator.report.numbers.statistics import FEW_SEEDS
from workers.settings import Settings

SHOPPERS = (0.5, 1.0, 2.0, 4.0)
"""Times the pilot's, where nobody asks for a number."""


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
    pilot: Variances
    sizes: Sequence[ExperimentSize]
    config: dict[str, Any]
    """Of one run of the pilot."""
    first_seed: int
    """None that the pilot has played."""

    @property
    def effect(self) -> float:
        """The wanted difference, in the measure's unit."""
        return abs(self.pilot.base) * self.wish.effect / 100

    @property
    def best(self) -> ExperimentSize:
        """The cheapest."""
        return min(self.sizes, key=lambda size: size.shopper_days)

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

    def percent(self, difference: float) -> float:
        """A difference as the wish has it."""
        return 100 * difference / abs(self.pilot.base)

    def to_json(self) -> dict[str, Any]:
        """The answer that other programs rely on; detectable: percent, as the effect."""
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
            "detectable": round(self.percent(size.detectable), 4),
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
    found: dict[str, list[Piloted]] = {a: [], b: []}
    for of_seed in pilot.seeds.values():
        for policy, measured in found.items():
            run = load(context, of_seed[policy])
            assert row.formula is not None  # noqa: S101 - measure_named gives no other
            measured.append(piloted(run, row.formula))
    seen = variances(found[a], found[b], shoppers=run.n_shoppers, days=run.days)
    sizes = options(seen, wish)
    return Planned(a, b, row, wish, seen, sizes, run.config, max(pilot.seeds) + 1)


def options(pilot: Variances, wish: PlanWish) -> list[ExperimentSize]:
    """An experiment for each number of shoppers, of five seeds or more; UsageError where none
    would do.
    """
    if pilot.base == 0 or pilot.between <= 0:
        raise UsageError(
            "the pilot's shops do not differ, so nothing follows of how many are needed; play it"
            " with more shoppers or days"
        )
    effect = abs(pilot.base) * wish.effect / 100
    days = wish.days or pilot.days
    times = sorted({max(1, round(part * pilot.shoppers)) for part in SHOPPERS})
    sizes = []
    for shoppers in [wish.shoppers] if wish.shoppers else times:
        seeds = seeds_for(
            pilot, effect, power=wish.power, shoppers=shoppers, days=days, least=FEW_SEEDS
        )
        if seeds is not None:
            size = {"seeds": seeds, "shoppers": shoppers, "days": days}
            sizes.append(sized(pilot, effect, power=wish.power, **size))
    if not sizes:
        raise UsageError(
            f"no number of seeds up to 10,000 finds {wish.effect:g} % so often; ask for a larger"
            " --effect or a smaller --power"
        )
    return sizes


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
