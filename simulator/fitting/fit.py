"""Fits the numbers of a world to a log, and writes them into a world file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import DataError, UsageError
from simulator.catalogues import stored as catalogues
from simulator.fitting.moments import moments
from simulator.fitting.numbers import NUMBERS, UNREAD
from simulator.fitting.search import FittedNumbers, FreeNumber, evaluations, search
from simulator.fitting.seen import SeenVisits, of_log
from simulator.fitting.simulated import FitShop, SimulatedMoments, plan_of, shops
from simulator.guests.admitted import refuse
from simulator.installation import output
from simulator.installation.context import Context
from simulator.logs.evaluate_log import events_of, tell
from simulator.logs.log_pictures import joined
from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.playing.simulate import prepare_all
from simulator.realism import observed
from simulator.realism.classifier import told_apart
from simulator.realism.observed import Observed
from simulator.world.presets import named
from simulator.world.world_file import written

SHOPS = 8
"""Seeds that are simulated for each set of numbers."""
FIRST_SEED = 101
"""Of these shops; those that people play begin with 1."""
FEWEST = 20
"""Visits of a log below which nothing is told."""


@dataclass(frozen=True)
class FitWish:
    """How a world is fitted."""

    base: str = "mixed"  # the world whose other numbers are kept
    catalogue: str = catalogues.FASHION_MNIST  # what the simulated shops sell
    policy: str = "visual"  # who ranks there
    slates: int = 3  # of a visit at most
    items: int = 200
    queries: int = 80
    days: int = 6  # the log's first days that are read
    shoppers: int = 400  # of its shoppers so many at most


@dataclass(frozen=True)
class FittedWorld:
    """A world that was fitted."""

    numbers: dict[str, dict[str, float]]  # value, low, high by number
    not_told: list[str]
    auc: dict[str, float | None]  # before and after; None: too few shoppers
    text: str  # of the world file

    def to_json(self) -> dict[str, Any]:
        """What other programs read."""
        return {"fitted": self.numbers, "not_told": self.not_told, "auc": self.auc}

    def rows(self) -> list[list[str]]:
        """A table: number, value and interval."""
        found = [
            [name, f"{one['value']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}"]
            for name, one in self.numbers.items()
        ]
        return [["number", "value", "95 % interval"], *found]

    def sentence(self) -> str:
        """What could not be told, and how near the simulated visits came."""
        left = f"Not told by this log: {', '.join(self.not_told)}."
        before, after = self.auc["before"], self.auc["after"]
        if before is None or after is None:
            return f"{left} Its shoppers are too few to say how near the simulated visits came."
        return (
            f"{left} A visit of the log is told from a simulated one with an area under the curve"
            f" of {before:.3f} before and {after:.3f} after; 0.5 is not at all."
        )


def fit(
    context: Context,
    path: Path,
    out: Path,
    *,
    wish: FitWish | None = None,
    options: ReadOptions = reading.DEFAULT,
) -> FittedWorld:
    """Fit a world to a log and write it to `out`.

    Raises UsageError for a wish that cannot be played, DataError for a log that tells nothing.
    """
    wish = wish or FitWish()
    refuse(wish.policy, "a fit")
    if out.suffix != ".toml":
        raise UsageError(f"--out must end in .toml, as a world file does; found {out}")
    output.check(out)
    notes = Notes(str(path))
    log = events_of(context, path, options, notes)
    tell(context, notes)
    if not options.is_lenient:
        notes.refuse_if_too_many()
    found = fit_events(context, log, wish)
    with output.opened(out) as stream:
        stream.write(found.text.encode())
    return found


def fit_events(context: Context, log: LogEvents, wish: FitWish) -> FittedWorld:
    """The same of events that were read, without writing."""
    categories = _categories(context, log, wish.catalogue)
    seen = of_log(log, categories, days=wish.days, shoppers=wish.shoppers)
    if len(seen) < FEWEST:
        raise DataError(
            f"the log has {len(seen)} visits with a view or click in its first {wish.days} days,"
            f" wanted at least {FEWEST}; --days and --kinds say what is read"
        )
    wanted = moments(seen, has_items=bool(categories))
    places = _shops(context, seen, wish)
    world = named(places[0].resolved.config["world"]["preset"])
    start = np.array([float(getattr(world, one.name)) for one in NUMBERS])
    with context.talk.progress("fitting the world", evaluations(len(NUMBERS))) as step:
        simulate = SimulatedMoments(places, NUMBERS, seen.has_slates, tuple(wanted), step)
        found = search(simulate, np.array(list(wanted.values())), NUMBERS, start)
    real = observed.of_log(log, days=wish.days, shoppers=wish.shoppers)
    return _fitted(found, places[0], real, start, wish)


def _categories(context: Context, log: LogEvents, catalogue: str) -> dict[str, int]:
    """The categories of the log's items that the catalogue knows, by their ids."""
    stored = catalogues.ensure(context, catalogue)
    names = catalogues.category_names(catalogue, stored)
    number = {name: place for place, name in enumerate(names)}
    by_id = joined(log.item.texts(), {one.item_id: one.category for one in stored})
    return {item: number[category] for item, category in by_id.items()}


def _shops(context: Context, seen: SeenVisits, wish: FitWish) -> list[FitShop]:
    plan = plan_of(
        seen,
        wish.base,
        policy=wish.policy,
        catalogue=wish.catalogue,
        slates=wish.slates,
        items=wish.items,
        queries=wish.queries,
    )
    seeds = range(FIRST_SEED, FIRST_SEED + SHOPS)
    return shops(context, list(prepare_all(context, [replace(plan, seed=one) for one in seeds])))


def _fitted(
    found: FittedNumbers,
    shop: FitShop,
    real: Observed,
    start: NDArray[np.float64],
    wish: FitWish,
) -> FittedWorld:
    told = [NUMBERS[place] for place in found.told]
    values = {
        number.name: _rounded(number, value, half)
        for number, value, half in zip(told, found.value, found.half, strict=True)
    }
    changes = {name: one["value"] for name, one in values.items()}
    before = dict(zip((one.name for one in NUMBERS), start.tolist(), strict=True))
    auc = {
        when: _auc(real, observed.of_events(shop.events(numbers), real.known))
        for when, numbers in (("before", before), ("after", before | changes))
    }
    comments = {name: f"{one['low']:.3f} to {one['high']:.3f}" for name, one in values.items()}
    left = [one.name for one in NUMBERS if one not in told]
    return FittedWorld(values, [*left, *UNREAD], auc, written(wish.base, changes, comments))


def _auc(real: Observed, simulated: Observed) -> float | None:
    found = told_apart(real, simulated, np.random.default_rng(FIRST_SEED)).value
    return None if np.isnan(found) else found


def _rounded(number: FreeNumber, value: float, half: float) -> dict[str, float]:
    """To digits that mean something; the interval ends where the range does."""
    low, high = max(value - half, number.low), min(value + half, number.high)
    found = {"value": value, "low": low, "high": high}
    return {name: round(float(one), 4) for name, one in found.items()}
