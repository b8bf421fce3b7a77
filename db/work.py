"""The queue of record: what must be done, each row written with its cause and deleted with its
result.

A worker *takes* a row before it computes and *finishes* it in the transaction that writes the
result. Whatever rings, repeats or dies in between changes only when it is done. What the dead held
is given back: at once by a supervisor that saw them die, else when their heartbeat has been silent,
by the database's clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, delete, exists, func, or_, select, true, update

from db import bulk, heartbeats
from db.engine import now
from db.errors import WorkError
from db.tables import heartbeat, work

READY = "ready"
PARKED = "parked"
MOST_TRIES = 3
NEW_LINE = "\n"
LEASE_SECONDS = 300.0
"""How long a row is kept by a workforce without a heartbeat: a command with --local."""


class Work(NamedTuple):
    """One thing to do."""

    id: int
    run: int
    kind: str
    key: str
    payload: dict[str, Any]
    tries: int = 1
    """How often it was taken, this time included."""


class Parked(NamedTuple):
    """Work that was given up, and why."""

    id: int
    run: int
    kind: str
    tries: int
    reason: str


def add_new(
    conn: Connection, run: int, kind: str, payloads: dict[str, dict[str, Any]], at: float
) -> dict[str, int]:
    """Write rows of one kind by keys that were never used before, at a time of the database's
    clock; gives their ids by key.
    """
    rows = [
        (run, kind, key, json.dumps(payload), READY, 0, at, at) for key, payload in payloads.items()
    ]
    columns = ("run", "kind", "key", "payload", "state", "tries", "rung", "written")
    bulk.insert(conn, work, columns, rows)
    return _ids(conn, run, kind, payloads)


_IDS = (
    select(work.c.key, work.c.id)
    .where(
        work.c.run == bulk.given("run"),
        work.c.kind == bulk.given("kind"),
        work.c.key.in_(bulk.several("keys")),
    )
    .order_by(work.c.id)
)


def _ids(conn: Connection, run: int, kind: str, keys: Iterable[str]) -> dict[str, int]:
    rows = bulk.fetch(conn, _IDS, {"run": run, "kind": kind, "keys": list(keys)})
    return {row[0]: int(row[1]) for row in rows}


def add(conn: Connection, run: int, kind: str, payloads: dict[str, dict[str, Any]]) -> list[int]:
    """Write rows of one kind by key; gives the ids of all rows of those keys that wait."""
    rows = [
        (run, kind, key, json.dumps(payload), READY, 0, 0.0) for key, payload in payloads.items()
    ]
    columns = ("run", "kind", "key", "payload", "state", "tries", "rung")
    bulk.insert(conn, work, columns, rows, again=True)
    ids = list(_ids(conn, run, kind, payloads).values())
    written = case((work.c.written == 0, now()), else_=work.c.written)
    conn.execute(update(work).where(work.c.id.in_(ids)).values(rung=now(), written=written))
    return ids


_COLUMNS = (work.c.id, work.c.run, work.c.kind, work.c.key, work.c.payload, work.c.tries)
_ONE = select(*_COLUMNS).where(work.c.id == bulk.given("id"))
_TAKE = (
    update(work)
    .where(work.c.id == bulk.given("id_"), work.c.state == READY, work.c.begun.is_(None))
    .values(worker=bulk.given("worker_"), begun=now(), tries=work.c.tries + 1)
)
_FINISH = delete(work).where(work.c.id.in_(bulk.several("ids")))


def take(conn: Connection, work_id: int, worker: str) -> Work | None:
    """Take a row for a worker; None when it is done, parked, or held by somebody."""
    taken = conn.execute(_TAKE, {"id_": work_id, "worker_": worker})
    if taken.rowcount != 1:
        return None
    return _read(bulk.fetch(conn, _ONE, {"id": work_id})[0])


_UNTRIED = (work.c.state == READY) & work.c.begun.is_(None) & (work.c.tries == 0)
_OLDEST = select(func.min(work.c.id)).where(_UNTRIED, work.c.kind.in_(bulk.several("kinds")))


def oldest_untried(conn: Connection, kinds: Iterable[str]) -> int | None:
    """The id of what has waited longest of some kinds and was never tried; None where none is."""
    found: int | None = bulk.fetch(conn, _OLDEST, {"kinds": list(kinds)})[0][0]
    return found


_ALIKE = (
    select(*_COLUMNS)
    .where(work.c.run == bulk.given("run"), work.c.kind == bulk.given("kind"), _UNTRIED)
    .order_by(work.c.id)
    .limit(bulk.given("most"))
    .with_for_update(skip_locked=True)
)


def take_alike(
    conn: Connection,
    taken: Work,
    worker: str,
    choose: Callable[[list[Work]], list[Work]],
    most: int,
) -> list[Work]:
    """Take with a row what else waits of its run and kind, the oldest first; gives it and those.

    choose: gives of such rows, of which the first is taken, those that are done with it. What was
    tried before is done alone.
    """
    if taken.tries > 1:
        return [taken]
    values = {"run": taken.run, "kind": taken.kind, "most": most}
    found = [_read(row) for row in bulk.fetch(conn, _ALIKE, values)]
    chosen = choose([taken, *(one._replace(tries=1) for one in found)])
    if more := [one.id for one in chosen[1:]]:
        row = work.c.id.in_(more)
        conn.execute(update(work).where(row).values(worker=worker, begun=now(), tries=1))
    return chosen


def _read(row: tuple[Any, ...]) -> Work:
    work_id, run, kind, key, payload, tries = row
    return Work(work_id, run, kind, key, json.loads(payload), tries)


def finish(conn: Connection, *work_ids: int) -> None:
    """Delete the rows in the transaction that writes their results.

    Raises WorkError, so that the transaction is rolled back, when one is gone: its result is there.
    """
    if conn.execute(_FINISH, {"ids": work_ids}).rowcount != len(work_ids):
        named = ", ".join(map(str, work_ids))
        raise WorkError(f"work {named} was done by somebody else meanwhile")


def give_back(
    conn: Connection,
    work_id: int,
    reason: str,
    *,
    worker: str | None = None,
    is_final: bool = False,
) -> bool:
    """After a failure: the row waits again, or is parked with its reason after the last try; True
    if parked.

    With `worker`, only if that worker still has it. is_final: this was the last try.
    """
    row = (
        (work.c.id == work_id)
        if worker is None
        else (work.c.id == work_id) & (work.c.worker == worker)
    )
    is_last = true() if is_final else work.c.tries >= MOST_TRIES
    parked = conn.execute(update(work).where(row, is_last).values(state=PARKED)).rowcount == 1
    conn.execute(update(work).where(row).values(worker=None, begun=None, reason=reason[:1000]))
    return parked


def give_back_all_of(
    conn: Connection, worker: str, how: str = "died", *, is_blameless: bool = False
) -> list[int]:
    """After a worker's death its rows wait again, or are parked after the last try; gives the ids.

    A try is not counted where the work is not to blame: Redis or the database had gone away. Rows
    that a transaction of the dead still holds (Postgres) are left for another time: `is_held`
    tells.
    """
    mine = select(work.c.id).where(work.c.worker == worker).with_for_update(skip_locked=True)
    ids = [row[0] for row in bulk.fetch(conn, mine)]
    if is_blameless and ids:
        conn.execute(update(work).where(work.c.id.in_(ids)).values(tries=work.c.tries - 1))
    for work_id in ids:
        give_back(conn, work_id, f"the worker {worker} {how} over it", worker=worker)
    return ids


def is_held(conn: Connection, worker: str) -> bool:
    """Whether a worker has any row in hand."""
    return bool(bulk.fetch(conn, select(work.c.id).where(work.c.worker == worker).limit(1)))


def held_by_silent(conn: Connection) -> list[str]:
    """The workers that have rows in hand and have fallen silent."""
    its_own = heartbeat.c.name == work.c.worker
    fell_silent = exists().where(its_own, heartbeats.is_silent)
    gone = ~exists().where(its_own) & (work.c.begun < now() - LEASE_SECONDS)
    held = (work.c.state == READY) & work.c.begun.is_not(None)
    rows = bulk.fetch(conn, select(work.c.worker).distinct().where(held, or_(fell_silent, gone)))
    return [row[0] for row in rows]


def overdue(conn: Connection, seconds: float) -> list[int]:
    """Rows that nobody has and that were last rung for longer ago than that; they count as rung
    now.
    """
    late = (work.c.state == READY) & work.c.begun.is_(None) & (work.c.rung < now() - seconds)
    ids = [row[0] for row in bulk.fetch(conn, select(work.c.id).where(late).order_by(work.c.id))]
    if ids:
        conn.execute(update(work).where(work.c.id.in_(ids)).values(rung=now()))
    return ids


def holders_longer_than(conn: Connection, seconds: float) -> set[str]:
    """The workers that have had a row in hand for longer than that."""
    statement = select(work.c.worker).where(work.c.state == READY, work.c.begun < now() - seconds)
    return {row[0] for row in bulk.fetch(conn, statement)}


def waiting(conn: Connection, run: int) -> int:
    """How many rows of a run are not done.

    Raises WorkError when one is parked: it will not be done by waiting.
    """
    statement = select(work.c.state, func.count(), func.min(work.c.reason))
    rows = bulk.fetch(conn, statement.where(work.c.run == run).group_by(work.c.state))
    for state, _, reason in rows:
        if state == PARKED:
            raise WorkError(
                f"work was given up ({reason.partition(NEW_LINE)[0]}); mend the cause and call the"
                " command again; `windowshop work list` has more"
            )
    return sum(number for _, number, _ in rows)


def undone(conn: Connection, run: int, kind: str, key: str) -> int | None:
    """The id of one piece of work that is not done yet; None when it is. WorkError when it was
    given up.
    """
    mine = (work.c.run == run) & (work.c.kind == kind) & (work.c.key == key)
    rows = bulk.fetch(conn, select(work.c.id, work.c.state, work.c.reason).where(mine))
    if not rows:
        return None
    found, state, reason = rows[0]
    if state == PARKED:
        raise WorkError(
            f"it was given up after {MOST_TRIES} tries ({reason}); mend the cause, then"
            " `windowshop work retry` it"
        )
    return int(found)


def is_any(conn: Connection, run: int, kind: str) -> bool:
    """Whether a run has work of one kind, parked or not."""
    mine = (work.c.run == run) & (work.c.kind == kind)
    return bool(bulk.fetch(conn, select(work.c.id).where(mine).limit(1)))


def drop(conn: Connection, run: int) -> None:
    """Delete what is left of a run's work; a worker that has some of it will find its row gone."""
    conn.execute(delete(work).where(work.c.run == run))


def by_state(conn: Connection) -> dict[tuple[str, str], int]:
    """How many rows there are of each kind and state."""
    statement = select(work.c.kind, work.c.state, func.count()).group_by(work.c.kind, work.c.state)
    return {(kind, state): number for kind, state, number in bulk.fetch(conn, statement)}


def parked(conn: Connection) -> Sequence[Parked]:
    """All work that was given up."""
    statement = select(work.c.id, work.c.run, work.c.kind, work.c.tries, work.c.reason)
    return [Parked(*row) for row in bulk.fetch(conn, statement.where(work.c.state == PARKED))]
