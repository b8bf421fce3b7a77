"""Reads a run's slates, some at a time, and writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db import guests, items, runs, slates
from db.engine import read_transaction
from db.errors import DataError
from db.runs import Run
from recommender.ranking import SLATE
from simulator.installation import output
from simulator.installation.context import Context
from simulator.operations.propensities import Chances, is_drawn, of_run
from simulator.playing.slates_out import formats
from simulator.playing.slates_out.contents import ShownSlate


@dataclass(frozen=True)
class ExportedSlates:
    """What was written."""

    rows: int
    """Lines or rows of the format, without its header."""
    noun: str
    """What one of them is, in the plural."""


def export(context: Context, run_id: str, out: Path | None, format_: str) -> ExportedSlates:
    """Write a run's slates by session and step to a file, whole or not at all, or to standard
    output.

    Raises UsageError for a format that is none and an `out` that is a folder, NotFoundError for an
    unknown run, DataError for slates that no such run has.
    """
    chosen = formats.chosen(format_)
    output.check_stream(out, format_, is_text=chosen.is_text)
    with read_transaction(context.engine) as conn:
        run = runs.read(conn, run_id)
    drawn = of_run(context, run_id) if is_drawn(run) else None
    with read_transaction(context.engine) as conn:
        item_ids = [item.item_id for item in items.of_run(conn, run.number)]
        stored = _stored(conn, run, len(item_ids), drawn)
        return ExportedSlates(
            output.put(out, lambda file: chosen.write(stored, item_ids, file)), chosen.rows
        )


def _stored(
    conn: Connection, run: Run, n_items: int, drawn: Chances | None
) -> Iterator[ShownSlate]:
    """drawn: the propensities of a policy that draws by lot; a guest's stand in its notes."""
    k = run.config["recommender"]["slate_size"]
    for sessions, steps, generations, entries in slates.in_parts(
        conn, run.number, dtype=SLATE, k=k
    ):
        if not ((entries["item"] >= -1) & (entries["item"] < n_items)).all():
            raise DataError(
                f"the slates of run {run.id} are damaged: they name what it does not have;"
                " play it anew with --again"
            )
        said = drawn if drawn is not None else _said(conn, run, sessions)
        keys = zip(sessions.tolist(), steps.tolist(), generations.tolist(), strict=True)
        for (session, step, generation), slate in zip(keys, entries, strict=True):
            chances = said.get((session, step))
            n_shown = int((slate["item"] >= 0).sum())
            # A guest is asked for whole slates, but where little is left its slate is short.
            told = None if chances is None else chances[:n_shown]
            yield ShownSlate(run.id, session, step, generation, slate, told)


def _said(conn: Connection, run: Run, sessions: NDArray[np.int64]) -> Chances:
    notes = guests.notes(conn, run.number, (int(sessions[0]), int(sessions[-1])))
    return {at: one["propensities"] for at, one in notes.items() if "propensities" in one}
