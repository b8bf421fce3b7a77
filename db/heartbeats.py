"""Heartbeats: every process of ours says that it lives; one that falls silent loses the work it
holds.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, update

from db import bulk
from db.engine import now
from db.tables import heartbeat, work

WORKER = "worker"
SUPERVISOR = "supervisor"
MISSED_BEATS = 5
"""A process that misses so many is taken for dead. If it was only stopped, its results still count
once.
"""

REMEMBERED_SECONDS = 3600.0
"""How long a silent process stays listed for an operator to see."""

is_silent: ColumnElement[bool] = heartbeat.c.seen < now() - MISSED_BEATS * heartbeat.c.every
"""Whether a process, by the database's clock, is taken for dead."""


class Process(NamedTuple):
    """Who a process says it is; `every` is in seconds."""

    name: str
    kind: str
    host: str
    pid: int
    every: float
    metrics: str | None = None


class Seen(NamedTuple):
    """A process, for how long it lives and has been silent (seconds), and the work it holds."""

    name: str
    kind: str
    host: str
    pid: int
    metrics: str | None
    lived: float
    silent: float
    is_silent: bool
    work: int | None


def beat(conn: Connection, process: Process) -> None:
    """Say that a process lives; the first beat makes its row."""
    beating = update(heartbeat).where(heartbeat.c.name == process.name).values(seen=now())
    if conn.execute(beating).rowcount == 0:
        conn.execute(heartbeat.insert().values(**process._asdict(), started=now(), seen=now()))


def stop(conn: Connection, names: list[str]) -> None:
    """Processes have ended as they should, or somebody who knows says that they are dead."""
    conn.execute(delete(heartbeat).where(heartbeat.c.name.in_(names)))


def forget_old(conn: Connection) -> None:
    """Leave off what has been silent for long."""
    conn.execute(delete(heartbeat).where(is_silent, heartbeat.c.seen < now() - REMEMBERED_SECONDS))


def idle_beside(conn: Connection, work_id: int) -> int:
    """How many workers have nothing in hand on the host of the one that does a piece of work."""
    mine = select(heartbeat.c.host).join(work, work.c.worker == heartbeat.c.name)
    here = heartbeat.c.host == mine.where(work.c.id == work_id).scalar_subquery()
    is_busy = exists().where(work.c.worker == heartbeat.c.name)
    idle = (heartbeat.c.kind == WORKER) & here & ~is_silent & ~is_busy
    return int(bulk.fetch(conn, select(func.count()).select_from(heartbeat).where(idle))[0][0])


def every(conn: Connection) -> list[Seen]:
    """All processes, the supervisors first."""
    columns = (
        heartbeat.c.name,
        heartbeat.c.kind,
        heartbeat.c.host,
        heartbeat.c.pid,
        heartbeat.c.metrics,
    )
    ages = (now() - heartbeat.c.started, now() - heartbeat.c.seen, is_silent, work.c.id)
    joined = heartbeat.outerjoin(work, work.c.worker == heartbeat.c.name)
    statement = select(*columns, *ages).select_from(joined)
    rows = bulk.fetch(
        conn, statement.order_by(heartbeat.c.kind, heartbeat.c.started, heartbeat.c.name)
    )
    return [Seen(*row)._replace(is_silent=bool(row[7])) for row in rows]
