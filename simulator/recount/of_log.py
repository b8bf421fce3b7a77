"""An imported log's counts beside those that `evaluate-log` makes of the same sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from db.errors import NotFoundError
from recommender.session_log.pairs import PairCounts, count
from recommender.session_log.sessions import visits
from simulator.installation.context import Context
from simulator.logs import kept_log, log_arrays
from simulator.logs.reading.notes import Notes
from simulator.recount import tables
from simulator.recount.cells import Cells, first_difference
from simulator.recount.counted import CountedPart
from simulator.recount.engines.engine import Engine
from simulator.recount.question import VisitQuestion


def counted(context: Context, log_id: str, engine: Engine, folder: Path) -> Iterator[CountedPart]:
    """The whole log as one part; NotFoundError when there is none of that id."""
    notes = Notes(log_id)
    events = kept_log.read(context, log_id, notes)
    if events is None:
        raise NotFoundError(f"no imported log {log_id!r}; `windowshop events import FILE`")
    log = log_arrays.gathered(events, notes).log
    ours = count(visits(log, np.ones(log.n_sessions, np.bool_)))
    with context.talk.progress(f"counting with {engine.title}", 1) as step:
        place = folder / "log"
        tables.write_visits(place, log)
        question = VisitQuestion(place, log.n_items, ours.window)
        found = engine.count(question)
        step()
    wanted = _cells(ours)
    difference = first_difference(wanted, found)
    n_cells = max(len(wanted), len(found))
    yield CountedPart(n_cells, log.n_sessions, difference, "", question.names)


def _cells(ours: PairCounts) -> Cells:
    """Our matrices as cells; their float32 hold whole numbers."""
    before = ours.forward.tocoo()
    right = ours.next.tocoo()
    key = before.row.astype(np.int64) * ours.n_items + before.col
    order = np.argsort(key)
    other = np.zeros(len(key), np.int64)
    place = np.searchsorted(key[order], right.row.astype(np.int64) * ours.n_items + right.col)
    other[place] = np.rint(right.data).astype(np.int64)
    return Cells.of(ours.n_items, key[order], np.rint(before.data[order]).astype(np.int64), other)
