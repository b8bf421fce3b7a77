"""Recommenders that are not ours: where a run finds its own, and notes beside its slates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select

from db import bulk
from db.tables import guest, slate_note


def keep(conn: Connection, run: int, about: dict[str, Any], prices: NDArray[np.int32]) -> None:
    """Where a run finds its guest and how it is asked; prices: int32 [n], cents, of all items."""
    conn.execute(delete(guest).where(guest.c.run == run))
    row = (run, json.dumps(about), prices.astype("<i4").tobytes())
    bulk.insert(conn, guest, ("run", "about", "prices"), [row])


def read(conn: Connection, run: int) -> tuple[dict[str, Any], NDArray[np.int32]] | None:
    """What was kept; None where the recommender is ours."""
    rows = bulk.fetch(conn, select(guest.c.about, guest.c.prices).where(guest.c.run == run))
    if not rows:
        return None
    about, prices = rows[0]
    return json.loads(about), np.frombuffer(bytes(prices), "<i4")


def add_notes(
    conn: Connection,
    run: int,
    sessions: Sequence[int],
    step: int,
    notes: Sequence[Mapping[str, Any]],
) -> None:
    """Keep notes beside slates of one step; an empty one is none."""
    rows = [
        (run, session, step, json.dumps(note, separators=(",", ":"), ensure_ascii=False))
        for session, note in zip(sessions, notes, strict=True)
        if note
    ]
    columns = ("run", "session", "step", "note")
    bulk.insert(conn, slate_note, columns, rows, again=True)


def notes(
    conn: Connection, run: int, sessions: tuple[int, int] | None = None
) -> dict[tuple[int, int], dict[str, Any]]:
    """All notes of a run by (session, step), in order; sessions: only from the first to the
    last.
    """
    columns = (slate_note.c.session, slate_note.c.step, slate_note.c.note)
    statement = select(*columns).where(slate_note.c.run == run)
    if sessions is not None:
        statement = statement.where(slate_note.c.session.between(*sessions))
    rows = bulk.fetch(conn, statement.order_by(slate_note.c.session, slate_note.c.step))
    return {(session, step): json.loads(note) for session, step, note in rows}
