"""A log that was imported, read again: its lines are the truth of it, as events are of a run."""

from __future__ import annotations

import re

import numpy as np

from db import imported_logs
from db.engine import read_transaction
from db.errors import DataError
from simulator.installation.context import Context
from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.arrays.sessions import owners
from simulator.logs.reading.notes import Notes


def read(context: Context, log_id: str, notes: Notes) -> LogEvents | None:
    """Its events; None when there is none of that id, DataError when what is stored is damaged."""
    if re.fullmatch("[0-9a-f]{12}", log_id) is None:
        return None
    with read_transaction(context.engine) as conn:
        imported = imported_logs.read(conn, log_id)
    return None if imported is None else reading.given(imported[0].encode(), notes)


def is_kept(context: Context, log_id: str) -> bool:
    """Whether a log of that id was imported."""
    if re.fullmatch("[0-9a-f]{12}", log_id) is None:
        return False
    with read_transaction(context.engine) as conn:
        return imported_logs.read(conn, log_id) is not None


def damage(context: Context, log_id: str) -> tuple[bool, str] | None:
    """Whether the lines are the imported ones, each of them good, and what was found; None: no such
    log.
    """
    notes = Notes(log_id)
    try:
        kept = read(context, log_id, notes)
        if kept is None:
            return None
        sessions = np.unique(owners(kept.shopper, kept.session))
    except DataError as error:
        return False, str(error)
    found = f"{notes.read:,} lines of {len(sessions):,} sessions with the sha256 of their import"
    bad = "".join(f"; {one.text()}" for one in notes.skipped[:3])
    return not notes.skipped, found + bad
