"""The backlog as an operator sees it: each piece of work, how long it waits, what to do with parked
ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, case, delete, func, select, update

from db import bulk
from db.engine import now
from db.errors import NotFoundError, UsageError
from db.tables import run, work
from db.work import PARKED, READY

TAKEN = "taken"
STATES = (READY, TAKEN, PARKED)
LARGEST_ID = 2**31 - 1
"""Ids above are no ids of ours on either database."""

_state = case((work.c.state == PARKED, PARKED), (work.c.worker.is_not(None), TAKEN), else_=READY)


class Piece(NamedTuple):
    """One row of work. `waits` is seconds since it was written; `state` is one of STATES."""

    id: int
    run: str
    kind: str
    key: str
    state: str
    tries: int
    waits: float
    worker: str | None
    reason: str | None


class Pile(NamedTuple):
    """All work of one kind and state: how much, and how long the oldest waits, in seconds."""

    kind: str
    state: str
    number: int
    oldest: float


def pieces(conn: Connection, state: str | None = None) -> list[Piece]:
    """The rows, those of one state if asked for, the oldest first."""
    columns = (work.c.id, run.c.id, work.c.kind, work.c.key, _state, work.c.tries)
    statement = select(*columns, now() - work.c.written, work.c.worker, work.c.reason).join(run)
    if state is not None:
        statement = statement.where(_state == state)
    return [Piece(*row) for row in bulk.fetch(conn, statement.order_by(work.c.id))]


def piles(conn: Connection) -> list[Pile]:
    """The rows, counted."""
    statement = select(work.c.kind, _state, func.count(), now() - func.min(work.c.written))
    rows = bulk.fetch(conn, statement.group_by(work.c.kind, _state).order_by(work.c.kind, _state))
    return [Pile(*row) for row in rows]


def retry(conn: Connection, ids: Sequence[int]) -> None:
    """Parked rows wait again, as if they had never been tried.

    Raises NotFoundError and UsageError, and changes nothing, when one is not there or not parked.
    """
    _require_parked(conn, ids)
    fresh = {"state": READY, "tries": 0, "rung": 0.0, "worker": None, "begun": None, "reason": None}
    conn.execute(update(work).where(work.c.id.in_(ids)).values(**fresh))


def drop(conn: Connection, ids: Sequence[int]) -> None:
    """Delete parked rows; what they asked for will not be done until it is asked for again.

    Raises NotFoundError and UsageError, and changes nothing, when one is not there or not parked.
    """
    _require_parked(conn, ids)
    conn.execute(delete(work).where(work.c.id.in_(ids)))


def _require_parked(conn: Connection, ids: Sequence[int]) -> None:
    valid = [one for one in ids if 0 < one <= LARGEST_ID]
    states: dict[int, str] = dict(
        bulk.fetch(conn, select(work.c.id, work.c.state).where(work.c.id.in_(valid)))
    )
    unknown = [str(one) for one in ids if one not in states]
    if unknown:
        raise NotFoundError(
            f"no work {', '.join(unknown)}; `windowshop work list` shows what there is"
        )
    active = [str(one) for one in ids if states[one] != PARKED]
    if active:
        raise UsageError(
            f"work {', '.join(active)} is not parked but waits or is being done; "
            "only what `windowshop work list --state parked` shows can be tried again or dropped"
        )
