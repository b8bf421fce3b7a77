"""What stands beside the simulated shoppers: a file, an imported log, or a run of ours."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from db import items, runs
from db.engine import read_transaction
from db.errors import NotFoundError, UsageError
from simulator.catalogues import stored as catalogues
from simulator.installation.context import Context
from simulator.installation.named import named
from simulator.logs import kept_log
from simulator.logs.evaluate_log import events_of
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.playing.export import write
from simulator.playing.report import load
from simulator.playing.simulate import world_of
from simulator.realism.goods import KnownGoods, of_items, of_world


def read(
    context: Context, path: Path, options: ReadOptions, notes: Notes, *, catalogue: str
) -> tuple[LogEvents, KnownGoods]:
    """The events, and what is known of their items: of a log by the catalogue, of a run by its
    world. A run is exported in memory and read as its log would be.

    Raises UsageError for what is not there, or is several runs.
    """
    names, stored = _categories(context, catalogue)
    run = None if path.exists() or kept_log.is_kept(context, str(path)) else _run(context, path)
    if run is None:
        return events_of(context, path, options, notes), of_items(stored, names)
    found = load(context, run)
    out = io.StringIO()
    write(run, found.events, found.item_ids, out)
    events = events_of(context, path, options, notes, content=out.getvalue().encode())
    with read_transaction(context.engine) as conn:
        kept = runs.read(conn, run)
        world = world_of(conn, kept)
        sold = items.of_run(conn, kept.number)
    return events, of_world(sold, world.catalogue, names)


def _categories(context: Context, catalogue: str) -> tuple[list[str], Sequence[items.Item]]:
    stored = catalogues.ensure(context, catalogue)
    return catalogues.category_names(catalogue, stored), stored


def _run(context: Context, path: Path) -> str | None:
    """The run of that name; None where there is none."""
    try:
        meant = named(context, str(path))
    except (NotFoundError, UsageError):
        return None
    if len(meant.run_ids) == 1:
        return meant.run_ids[0]
    raise UsageError(
        f"{path} has {len(meant.run_ids)} runs, wanted one; name it:"
        f" {', '.join(meant.run_ids[:3])}{', ...' if len(meant.run_ids) > 3 else ''}"
    )
