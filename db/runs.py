"""Runs: one policy, one seed, one config; the id follows from the config."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update

from db import bulk
from db.engine import now
from db.errors import NotFoundError
from db.nearest import nearest
from db.tables import (
    cointeraction,
    ended_session,
    event,
    generation,
    guest,
    offer,
    received_event,
    run,
    run_item,
    slate,
    slate_note,
    slate_offer,
    slate_outcome,
    visit,
    work,
)

RUNNING = "running"
FINISHED = "finished"
LIVE = "live"
"""Kind of a run that people visit, in its config."""


class Run(NamedTuple):
    """One row of the run table."""

    number: int
    id: str
    config: dict[str, Any]
    state: str


def canonical(config: dict[str, Any]) -> str:
    """The one way to write a config: sorted keys, no spaces."""
    return json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)


def id_of(config: dict[str, Any]) -> str:
    """The first 12 hex digits of sha256 over the canonical config."""
    return hashlib.sha256(canonical(config).encode()).hexdigest()[:12]


def open_run(conn: Connection, config: dict[str, Any]) -> Run:
    """The run of a config: the stored one, or a new one that is running."""
    run_id = id_of(config)
    row = {"number": int(run_id, 16), "id": run_id, "config": canonical(config), "state": RUNNING}
    if conn.execute(select(run.c.number).where(run.c.id == run_id)).one_or_none() is None:
        conn.execute(run.insert().values(**row, created=now()))
    return read(conn, run_id)


def read(conn: Connection, run_id: str) -> Run:
    """A run by its id; NotFoundError when there is none."""
    statement = select(run.c.number, run.c.id, run.c.config, run.c.state).where(run.c.id == run_id)
    rows = bulk.fetch(conn, statement)
    if not rows:
        hint = nearest(run_id, (row[0] for row in bulk.fetch(conn, select(run.c.id))))
        raise NotFoundError(
            f"no run {run_id!r} in this database; {hint}`windowshop status` lists the runs"
        )
    number, found, config, state = rows[0]
    return Run(number, found, json.loads(config), state)


def by_number(conn: Connection, number: int) -> Run:
    """A run by its number: the id, read as a number."""
    return read(conn, f"{number:012x}")


def created(conn: Connection, number: int) -> float:
    """When a run was made, in seconds since 1970 by the database's clock."""
    rows = bulk.fetch(conn, select(run.c.created).where(run.c.number == number))
    return float(rows[0][0])


def every(conn: Connection) -> list[Run]:
    """All runs, the newest last."""
    statement = select(run.c.number, run.c.id, run.c.config, run.c.state).order_by(
        run.c.created, run.c.id
    )
    return [Run(row[0], row[1], json.loads(row[2]), row[3]) for row in bulk.fetch(conn, statement)]


def finish(conn: Connection, number: int) -> None:
    """Mark a run as finished."""
    conn.execute(update(run).where(run.c.number == number).values(state=FINISHED))


def forget(conn: Connection, number: int) -> None:
    """Delete a run with all that belongs to it."""
    for table in (
        work,
        received_event,
        visit,
        guest,
        offer,
        slate_offer,
        slate_note,
        slate_outcome,
        slate,
        cointeraction,
        generation,
        ended_session,
        event,
        run_item,
    ):
        conn.execute(delete(table).where(table.c.run == number))
    conn.execute(delete(run).where(run.c.number == number))
