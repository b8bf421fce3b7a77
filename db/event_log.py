"""The event log: appended once, read by session, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, func, select

from db import bulk
from db.events import ABSENT, EVENT, FIELDS_OF, Events, Kind
from db.tables import event

_COLUMNS = tuple(EVENT.names or ())


def append(conn: Connection, run: int, events: Events) -> None:
    """Store events; those that are there already are left as they are."""
    for kind, fields in FIELDS_OF.items():
        rows = events.of(kind)[list(fields)].tolist()
        if kind is Kind.IMPRESSION:
            tuples = [(run, *row, shown.tobytes()) for row, shown in zip(rows, events.shown, strict=True)]
            bulk.insert(conn, event, ("run", *fields, "items"), tuples, again=True)
        else:
            bulk.insert(conn, event, ("run", *fields), [(run, *row) for row in rows], again=True)


def read(conn: Connection, run: int, *, k: int) -> Events:
    """Every event of a run whose slates hold k items, by session, then ordinal."""
    return _gather(conn, _select(run), k)


def read_sessions(
    conn: Connection, run: int, sessions: NDArray[np.int64], *, up_to_step: int, k: int
) -> Events:
    """The events of some sessions, up to and with a step.

    sessions: int64 [n], sorted. Read as one range of the key, then narrowed: a batch lies together.
    """
    if not len(sessions):
        return Events.empty(k)
    statement = _select(run).where(
        event.c.session.between(int(sessions[0]), int(sessions[-1])), event.c.step <= up_to_step
    )
    events = _gather(conn, statement, k)
    wanted = np.isin(events.rows["session"], sessions)
    return Events(events.rows[wanted], events.shown[wanted[events.rows["kind"] == Kind.IMPRESSION]])


def count(conn: Connection, run: int) -> dict[Kind, int]:
    """How many events of each kind a run has."""
    statement = select(event.c.kind, func.count()).where(event.c.run == run).group_by(event.c.kind)
    return {Kind(kind): number for kind, number in bulk.fetch(conn, statement)}


def _select(run: int) -> Select[tuple[object, ...]]:
    columns = [
        func.coalesce(event.c[name], ABSENT) if event.c[name].nullable else event.c[name] for name in _COLUMNS
    ]
    ordered: Sequence[object] = (event.c.session, event.c.ordinal)
    return select(*columns, event.c["items"]).where(event.c.run == run).order_by(*ordered)  # type: ignore[arg-type]


def _gather(conn: Connection, statement: Select[tuple[object, ...]], k: int) -> Events:
    tuples = bulk.fetch(conn, statement)
    rows = np.array([row[:-1] for row in tuples], EVENT)
    return Events(rows, _unpack((row[-1] for row in tuples if row[-1] is not None), k))


def _unpack(slates: Iterable[bytes], k: int) -> NDArray[np.int32]:
    return np.frombuffer(b"".join(slates), "<i4").reshape(-1, k)
