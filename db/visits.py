"""Visits of people: each is a session that is open until she leaves or has been idle for long."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select, text, update

from db import bulk
from db.engine import now
from db.tables import (
    cointeraction,
    ended_session,
    event,
    generation,
    offer,
    received_event,
    run,
    visit,
)

IDLE_SECONDS = 1800.0
"""A visit that has been silent for so long is over."""

FIRST_SESSION = 1 << 41
"""Sessions of people are drawn from here on, below 2^42: simulated ones have smaller numbers."""


class Visit(NamedTuple):
    """One row of the visit table."""

    session: int
    visitor: int
    shopper: int
    began: float
    seen: float
    ended: float | None
    basket: list[dict[str, Any]]
    refused: list[list[int]]
    """[item number, the step from which it is refused]"""


class Last(NamedTuple):
    """Where a session's log stands: what comes next, and how many milliseconds the run is old."""

    ordinal: int
    step: int  # -1 before the first request
    at: int


_COLUMNS = tuple(visit.c[name] for name in Visit._fields)


def hold(conn: Connection, run_number: int, session: int) -> None:
    """Whoever writes into a session does it alone: ordinals are given one after the other."""
    if conn.dialect.name == "postgresql":  # SQLite's write lock has seen to it
        key = text("SELECT pg_advisory_xact_lock(:key)")
        conn.execute(key.bindparams(key=(run_number << 14) ^ session ^ (1 << 62)))


def find(conn: Connection, run_number: int, visitor: int, shopper: int) -> Visit | None:
    """The open visit of somebody; None when she is not here, or fell silent."""
    statement = (
        select(*_COLUMNS)
        .where(
            visit.c.run == run_number,
            visit.c.visitor == visitor,
            visit.c.shopper == shopper,
            visit.c.ended.is_(None),
            visit.c.seen > now() - IDLE_SECONDS,
        )
        .order_by(visit.c.seen.desc())
        .limit(1)
    )
    rows = bulk.fetch(conn, statement)
    return _visit(rows[0]) if rows else None


def read(conn: Connection, run_number: int, session: int) -> Visit | None:
    """A visit by its session."""
    rows = bulk.fetch(
        conn, select(*_COLUMNS).where(visit.c.run == run_number, visit.c.session == session)
    )
    return _visit(rows[0]) if rows else None


def begin(conn: Connection, run_number: int, visitor: int, shopper: int) -> Visit:
    """A new visit, under a session number of its own."""
    session = _draw()
    conn.execute(
        insert(visit).values(
            run=run_number,
            session=session,
            visitor=visitor,
            shopper=shopper,
            began=now(),
            seen=now(),
            basket="[]",
            refused="[]",
        )
    )
    found = read(conn, run_number, session)
    if found is None:
        raise LookupError(f"the visit {session} that was just written is not there")
    return found


class AtOnce(NamedTuple):
    """What is the same for all requests that are stored at once."""

    now: float
    age: int  # milliseconds since the run was made
    generation: int
    change: int  # of what is offered


_NEWEST = select(func.max(generation.c.number)).where(generation.c.run == bulk.given("run"))
_CHANGE = select(func.max(offer.c.change)).where(offer.c.run == bulk.given("run"))
_MOMENT = select(
    now(),
    (now() - run.c.created) * 1000,
    func.coalesce(_NEWEST.scalar_subquery(), -1),
    func.coalesce(_CHANGE.scalar_subquery(), 0),
).where(run.c.number == bulk.given("run"))


def moment(conn: Connection, run_number: int) -> AtOnce:
    """The time, the newest generation and the last change of what is offered."""
    at, age_, known, changed = bulk.fetch(conn, _MOMENT, {"run": run_number})[0]
    return AtOnce(float(at), int(age_), int(known), int(changed))


_OPEN = (
    select(*_COLUMNS)
    .where(
        visit.c.run == bulk.given("run"),
        visit.c.visitor.in_(bulk.several("visitors")),
        visit.c.ended.is_(None),
        visit.c.seen > now() - IDLE_SECONDS,
    )
    .order_by(visit.c.seen)
)


def open_all(
    conn: Connection, run_number: int, people: Sequence[tuple[int, int]], at: float
) -> dict[tuple[int, int], Visit]:
    """The open visits of some people by (visitor, shopper), begun if need be at a time, and held
    until the transaction ends.
    """
    visitors = sorted({visitor for visitor, _ in people})
    for one in visitors:
        hold(conn, run_number, one)
    rows = bulk.fetch(conn, _OPEN, {"run": run_number, "visitors": visitors})
    known = {(one.visitor, one.shopper): one for one in map(_visit, rows)}
    found = {one: known.get(one) or _new(*one, at) for one in people}
    new = [(run_number, *one[:6], "[]", "[]") for key, one in found.items() if key not in known]
    bulk.insert(conn, visit, ("run", *Visit._fields), new)
    for session in sorted(one.session for one in found.values()):
        hold(conn, run_number, session)
    return found


def _new(visitor: int, shopper: int, at: float) -> Visit:
    return Visit(_draw(), visitor, shopper, at, at, None, [], [])


def _draw() -> int:
    """A session's number."""
    return FIRST_SESSION + secrets.randbits(40)


_THESE = (visit.c.run == bulk.given("run")) & visit.c.session.in_(bulk.several("sessions"))
_OF_SESSIONS = select(*_COLUMNS).where(_THESE)


def read_all(conn: Connection, run_number: int, sessions: Sequence[int]) -> dict[int, Visit]:
    """Visits by session."""
    rows = bulk.fetch(conn, _OF_SESSIONS, {"run": run_number, "sessions": sessions})
    return {one.session: one for one in map(_visit, rows)}


_ENDS = (func.max(event.c.ordinal), func.max(event.c.step), func.max(event.c.at))
_LAST = (
    select(event.c.session, *_ENDS)
    .where(event.c.run == bulk.given("run"), event.c.session.in_(bulk.several("sessions")))
    .group_by(event.c.session)
)


def last_all(
    conn: Connection, run_number: int, sessions: Sequence[int], age_: int
) -> dict[int, Last]:
    """As `last` of each session, in a run that is so many milliseconds old."""
    rows = bulk.fetch(conn, _LAST, {"run": run_number, "sessions": sessions})
    found = dict.fromkeys(sessions, Last(0, -1, age_))
    for session, ordinal, step, at in rows:
        found[int(session)] = Last(int(ordinal) + 1, int(step), max(age_, int(at) + 1))
    return found


_TOUCHED = (visit.c.run == bulk.given("run_")) & visit.c.session.in_(bulk.several("sessions"))
_TOUCH = update(visit).where(_TOUCHED).values(seen=now())


def touch_all(conn: Connection, run_number: int, sessions: Sequence[int]) -> None:
    """They are here."""
    conn.execute(_TOUCH, {"run_": run_number, "sessions": sessions})


def touch(
    conn: Connection, run_number: int, session: int, basket: list[dict[str, Any]] | None = None
) -> None:
    """She is here; with a basket, this is what lies in it now."""
    changes: dict[str, Any] = {"seen": now()}
    if basket is not None:
        changes["basket"] = json.dumps(basket)
    row = (visit.c.run == run_number) & (visit.c.session == session)
    conn.execute(update(visit).where(row).values(**changes))


def refuse(conn: Connection, run_number: int, visit_: Visit, item: int, step: int) -> None:
    """She wants less like an item, from a step on, for the rest of her visit."""
    known = {one for one, _ in visit_.refused}
    refused = visit_.refused if item in known else [*visit_.refused, [item, step]]
    row = (visit.c.run == run_number) & (visit.c.session == visit_.session)
    conn.execute(update(visit).where(row).values(refused=json.dumps(refused), seen=now()))


def end(conn: Connection, run_number: int, session: int) -> None:
    """A visit is over."""
    row = (visit.c.run == run_number) & (visit.c.session == session)
    conn.execute(update(visit).where(row).values(ended=now()))


def idle(conn: Connection, run_number: int) -> list[Visit]:
    """Open visits that have been silent for too long."""
    statement = select(*_COLUMNS).where(
        visit.c.run == run_number,
        visit.c.ended.is_(None),
        visit.c.seen <= now() - IDLE_SECONDS,
    )
    return [_visit(row) for row in bulk.fetch(conn, statement)]


def count(conn: Connection, run_number: int) -> tuple[int, int]:
    """How many visits are open and how many there were."""
    statement = select(func.count(), func.count(visit.c.ended)).where(visit.c.run == run_number)
    every, ended = bulk.fetch(conn, statement)[0]
    return int(every) - int(ended), int(every)


def refusals(conn: Connection, run_number: int) -> dict[int, list[list[int]]]:
    """By session what was refused in it, of the sessions in which something was."""
    statement = select(visit.c.session, visit.c.refused)
    rows = bulk.fetch(conn, statement.where(visit.c.run == run_number, visit.c.refused != "[]"))
    return {int(session): json.loads(refused) for session, refused in rows}


def unfolded(conn: Connection, run_number: int) -> tuple[list[int], float]:
    """The sessions that ended and no generation folds yet, sorted; and since how many seconds the
    oldest waits.
    """
    folded = (ended_session.c.run == visit.c.run) & (ended_session.c.session == visit.c.session)
    statement = (
        select(visit.c.session, now() - visit.c.ended)
        .outerjoin(ended_session, folded)
        .where(
            visit.c.run == run_number,
            visit.c.ended.is_not(None),
            ended_session.c.session.is_(None),
        )
    )
    rows = bulk.fetch(conn, statement)
    return sorted(int(row[0]) for row in rows), max((float(row[1]) for row in rows), default=0.0)


def last(conn: Connection, run_number: int, session: int) -> Last:
    """Where the log of a session stands; `at` is later than its last event."""
    columns = (func.max(event.c.ordinal), func.max(event.c.step), func.max(event.c.at))
    mine = (event.c.run == run_number) & (event.c.session == session)
    ordinal, step, at = bulk.fetch(conn, select(*columns).where(mine))[0]
    milliseconds = age(conn, run_number)
    return Last(
        0 if ordinal is None else int(ordinal) + 1,
        -1 if step is None else int(step),
        max(milliseconds, -1 if at is None else int(at) + 1),
    )


_AGE = select((now() - run.c.created) * 1000).where(run.c.number == bulk.given("run"))


def age(conn: Connection, run_number: int) -> int:
    """How many milliseconds ago a run was made."""
    return int(bulk.fetch(conn, _AGE, {"run": run_number})[0][0])


def last_simulated(conn: Connection, run_number: int) -> int:
    """The greatest session number of a simulated shopper; -1 when there was none."""
    mine = (event.c.run == run_number) & (event.c.session < FIRST_SESSION)
    found = bulk.fetch(conn, select(func.max(event.c.session)).where(mine))[0][0]
    return -1 if found is None else int(found)


def note_ended(
    conn: Connection, run_number: int, sessions: NDArray[np.int64], shoppers: NDArray[np.int64]
) -> None:
    """Visits of simulated shoppers that are over: who folds may take them."""
    at = conn.execute(select(now())).scalar_one()
    columns = ("run", "session", "visitor", "shopper", "began", "seen", "ended", "basket")
    rows = [
        (run_number, session, shopper, shopper, at, at, at, "[]", "[]")
        for session, shopper in zip(sessions.tolist(), shoppers.tolist(), strict=True)
    ]
    bulk.insert(conn, visit, (*columns, "refused"), rows, again=True)


def impression_of(conn: Connection, run_number: int, session: int, step: int, kind: int) -> int:
    """The ordinal of the impression of a slate; -1 when it has not been shown yet."""
    statement = select(func.min(event.c.ordinal)).where(
        event.c.run == run_number,
        event.c.session == session,
        event.c.step == step,
        event.c.kind == kind,
    )
    found = bulk.fetch(conn, statement)[0][0]
    return -1 if found is None else int(found)


def receive(conn: Connection, run_number: int, event_id: str, session: int, ordinal: int) -> bool:
    """Note an event that was sent under an id; False when it had been received before."""
    rows = bulk.fetch(
        conn,
        select(received_event.c.ordinal).where(
            received_event.c.run == run_number, received_event.c.event_id == event_id
        ),
    )
    if rows:
        return False
    columns = ("run", "event_id", "session", "ordinal")
    bulk.insert(conn, received_event, columns, [(run_number, event_id, session, ordinal)])
    return True


def latest_generation(conn: Connection, run_number: int) -> int:
    """The newest generation that is folded; -1 before the first."""
    found = bulk.fetch(
        conn, select(func.max(generation.c.number)).where(generation.c.run == run_number)
    )[0][0]
    return -1 if found is None else int(found)


def inherit(conn: Connection, run_number: int, other: int) -> None:
    """A run begins with what another one had learned: its generations, as its own."""
    for table in (generation, cointeraction):
        names = [column.name for column in table.columns if column.name != "run"]
        theirs = select(
            *(
                func.abs(run_number).label("run") if column.name == "run" else column
                for column in table.columns
            )
        ).where(table.c.run == other)
        conn.execute(insert(table).from_select(["run", *names], theirs))


def _visit(row: tuple[Any, ...]) -> Visit:
    values: list[Any] = [*row[:-2], json.loads(row[-2]), json.loads(row[-1])]
    return Visit(*values)
