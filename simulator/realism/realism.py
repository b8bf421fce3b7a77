"""Holds a real log beside shoppers that are simulated in memory, and writes a page about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import DataError
from simulator.guests.admitted import refuse
from simulator.installation import run_folder
from simulator.installation.command_line import command_line
from simulator.installation.context import Context
from simulator.logs.evaluate_log import tell
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.playing.in_memory import gather_for_policy, play_in_memory, share_world
from simulator.playing.plan import Plan, Resolved
from simulator.playing.record import Record
from simulator.playing.simulate import prepare_all
from simulator.realism import log_or_run
from simulator.realism.classifier import told_apart
from simulator.realism.distances import Apart, apart, far
from simulator.realism.goods import of_shop
from simulator.realism.measures import MEASURES, samples_of, untold
from simulator.realism.observed import Observed, of_events, of_log
from simulator.realism.page import page, sentences
from simulator.realism.shapes import shapes
from simulator.report.pages import study

SHOPS = 5
"""Simulated: one to compare, the others to see how far shops of one world lie apart."""
FEWEST = 20
"""Visits, and shoppers, of a log below which nothing is told."""


@dataclass(frozen=True)
class Compared:
    """What the command tells."""

    document: dict[str, Any]
    page: Path

    def text(self) -> str:
        """In words, the largest differences first."""
        return "\n".join([*sentences(self.document), "", f"report: {self.page}"])


def realism(
    context: Context, path: Path, plan: Plan, *, options: ReadOptions = reading.DEFAULT
) -> Compared:
    """plan: the simulated side; its days and shoppers are also what is read of the log at most.

    Raises UsageError for a log that is not there, DataError for one that tells too little.
    """
    refuse(plan.policy, "a realism report")
    run_folder.check_writable(context.settings.runs)
    resolved = prepare_all(context, [plan])[0]
    notes = Notes(str(path))
    events, goods = log_or_run.read(context, path, options, notes, catalogue=plan.catalogue)
    tell(context, notes)
    if not options.is_lenient:
        notes.refuse_if_too_many()
    real = of_log(events, days=plan.days, shoppers=plan.shoppers, goods=goods.of_log(events))
    if min(len(real.shopper), real.n_shoppers) < FEWEST:
        raise DataError(
            f"the log has {len(real.shopper)} visits of {real.n_shoppers} shoppers in its first"
            f" {plan.days} days, wanted at least {FEWEST} of each; --days and --kinds say what is"
            " read"
        )
    simulated, *others = played(context, resolved, real.known)
    names = resolved.config["categories"]
    document = {
        "schema": 1,
        "file": notes.file,
        "sha256": notes.digest,
        "world": plan.world,
        "visits": {"real": len(real.shopper), "simulated": len(simulated.shopper)},
        **compared(real, simulated, others, seed=plan.seed, categories=names),
        "lines": notes.to_json(),
    }
    asked = {name: value for name, value in asdict(plan).items() if value != _default(name)}
    command = command_line("realism", str(path), settings={}, **asked, **options.told())
    key = sha256(f"{notes.digest}/{plan!r}/{options.told()}".encode()).hexdigest()[:12]
    folder = context.settings.runs / f"realism-{key}"
    return Compared(document, study.write(page(document, command), folder, "realism", document))


def compared(
    real: Observed,
    simulated: Observed,
    others: Sequence[Observed],
    *,
    seed: int,
    categories: Sequence[str] = (),
) -> dict[str, Any]:
    """`measures`, `not_told`, `auc` and `gives_away` of two sets of visits; the same seed, the same
    digits. others: more simulated shops; `chance` is the largest distance of one of them from
    `simulated`, and `is_unlike` says that the whole interval lies above it. categories: their names
    by number.
    """
    rng = np.random.default_rng([seed, 0x5EA1])
    ours, theirs = samples_of(simulated), samples_of(real)
    found = {
        name: _named(
            apart(theirs[name], ours[name], how=MEASURES[name].how, rng=rng),
            categories if name == "category mix" else (),
        )
        for name in theirs
        if name in ours
    }
    auc = asdict(told_apart(real, simulated, rng))
    chance = _by_chance(simulated, others)
    for name, one in found.items():
        one["chance"] = chance.get(name)
        one["is_unlike"] = bool(one["low"] and one["low"] > (one["chance"] or 0.0))
    return {
        "measures": found,
        "not_told": untold(real, simulated),
        "shapes": shapes(theirs, ours),
        "gives_away": auc.pop("alone"),
        "auc": auc,
    }


def _by_chance(simulated: Observed, others: Sequence[Observed]) -> dict[str, float]:
    """The largest distance between the first simulated shop and another, by measure."""
    first = samples_of(simulated)
    found: dict[str, float] = {}
    for other in others:
        for name, one in samples_of(other).items():
            if name in first:
                distance = far(first[name], one, MEASURES[name].how)
                found[name] = max(found.get(name, 0.0), distance)
    return found


def _named(found: Apart, categories: Sequence[str]) -> dict[str, Any]:
    """cell: the name of a category, or the number of a place; left out where there are none."""
    fields = asdict(found)
    cell = fields.pop("cell")
    if cell is None:
        return fields
    return {**fields, "cell": categories[cell] if cell < len(categories) else f"place {cell}"}


def played(
    context: Context, resolved: Resolved, known: frozenset[int], *, n: int = SHOPS
) -> list[Observed]:
    """The visits of n simulated shops, played in memory, as a log of these kinds would tell: the
    same items, other shoppers, tastes and draws in each.
    """
    config = resolved.config
    gathered = gather_for_policy(context, resolved)
    found = []
    with context.talk.progress("simulating", n * config["days"]) as step:
        for number in range(n):
            shared = share_world({**config, "seed": config["seed"] + number}, *gathered)
            record = Record(config["recommender"]["slate_size"])
            play_in_memory(shared, config["policy"], record=record, after_day=lambda _day: step())
            goods = of_shop(resolved.items, shared.world.catalogue, config["categories"])
            found.append(of_events(record.events, known, goods))
    return found


def _default(name: str) -> Any:
    return getattr(Plan(policy="visual", days=6, shoppers=400), name)
