"""Holds a real log beside shoppers that are simulated in memory, and writes a page about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import DataError
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
from simulator.realism.distances import Apart, apart
from simulator.realism.goods import of_shop
from simulator.realism.measures import MEASURES, samples_of, untold
from simulator.realism.observed import Observed, of_events, of_log
from simulator.realism.page import page, sentences
from simulator.report.pages import study

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
    simulated = played(context, resolved, real.known)
    document = {
        "schema": 1,
        "file": notes.file,
        "sha256": notes.digest,
        "world": plan.world,
        "visits": {"real": len(real.shopper), "simulated": len(simulated.shopper)},
        **compared(real, simulated, seed=plan.seed, categories=resolved.config["categories"]),
        "lines": notes.to_json(),
    }
    asked = {name: value for name, value in asdict(plan).items() if value != _default(name)}
    command = command_line("realism", str(path), settings={}, **asked, **options.told())
    key = sha256(f"{notes.digest}/{plan!r}/{options.told()}".encode()).hexdigest()[:12]
    folder = context.settings.runs / f"realism-{key}"
    return Compared(document, study.write(page(document, command), folder, "realism", document))


def compared(
    real: Observed, simulated: Observed, *, seed: int, categories: Sequence[str] = ()
) -> dict[str, Any]:
    """`measures`, `not_told`, `auc` and `gives_away` of two sets of visits; the same seed, the same
    digits. categories: their names by number.
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
    return {
        "measures": found,
        "not_told": untold(real, simulated),
        "gives_away": auc.pop("alone"),
        "auc": auc,
    }


def _named(found: Apart, categories: Sequence[str]) -> dict[str, Any]:
    """cell: the name of a category, or the number of a place; left out where there are none."""
    fields = asdict(found)
    cell = fields.pop("cell")
    if cell is None:
        return fields
    return {**fields, "cell": categories[cell] if cell < len(categories) else f"place {cell}"}


def played(context: Context, resolved: Resolved, known: frozenset[int]) -> Observed:
    """The visits of simulated shoppers, played in memory, as a log of these kinds would tell."""
    config = resolved.config
    record = Record(config["recommender"]["slate_size"])
    shared = share_world(config, *gather_for_policy(context, resolved))
    with context.talk.progress("simulating", config["days"]) as step:
        play_in_memory(shared, config["policy"], record=record, after_day=lambda _day: step())
    goods = of_shop(resolved.items, shared.world.catalogue, config["categories"])
    return of_events(record.events, known, goods)


def _default(name: str) -> Any:
    return getattr(Plan(policy="visual", days=6, shoppers=400), name)
