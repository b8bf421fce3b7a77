"""How many events of each kind a run has, counted on from fold to fold: a log of millions is read
once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, Select, Table, func, select

from db import bulk, visits
from db.events import Kind
from db.tables import ended_session, event, visit
from db.visits import FIRST_SESSION


@dataclass
class EventCounts:
    """The counts of one run, as somebody keeps them who asks again and again."""

    run: int
    folded: Counter[Kind] = field(default_factory=Counter)
    """Of sessions that generations up to `generation` have folded: they are over."""
    generation: int = -1
    first: int = 0
    """All that simulated shoppers had before this session is folded."""

    def now(self, conn: Connection) -> Counter[Kind]:
        """What `event_log.count` says: of folded sessions as it is known, of the others counted."""
        newest = visits.latest_generation(conn, self.run)
        if newest < self.generation:  # the run is played anew
            self.folded = Counter()
            self.generation = -1
            self.first = 0
        if newest > self.generation:
            self.folded += _folded(conn, self.run, self.generation, newest)
            self.first = _first_open(conn, self.run, self.first, newest)
            self.generation = newest
        return self.folded + _open(conn, self.run, self.first, newest)


def _folded(conn: Connection, run: int, after: int, up_to: int) -> Counter[Kind]:
    """Of the sessions that generations after one and up to another folded."""
    statement = (
        select(event.c.kind, func.count())
        .select_from(ended_session)
        .join(event, _is_same(ended_session))
        .where(
            ended_session.c.run == run,
            ended_session.c.generation > after,
            ended_session.c.generation <= up_to,
        )
    )
    return _counted(conn, statement)


def _open(conn: Connection, run: int, first: int, up_to: int) -> Counter[Kind]:
    """Of the sessions that no generation up to one has folded."""
    simulated = select(event.c.kind, func.count()).where(
        event.c.run == run, event.c.session.between(first, FIRST_SESSION - 1), ~_is_folded(up_to)
    )
    people = (
        select(event.c.kind, func.count())
        .select_from(visit)
        .join(event, _is_same(visit))
        .where(visit.c.run == run, visit.c.session >= FIRST_SESSION, ~_is_folded(up_to))
    )
    return _counted(conn, simulated) + _counted(conn, people)


def _first_open(conn: Connection, run: int, first: int, up_to: int) -> int:
    """Where the day begins whose first session is not folded, else the last day.

    Sessions of a day are day x shoppers + shopper, and they do not begin in that order.
    """
    of_day = select(event.c.session - event.c.shopper).where(
        event.c.run == run, event.c.session.between(first, FIRST_SESSION - 1)
    )
    not_folded = of_day.where(~_is_folded(up_to)).order_by(event.c.session)
    for statement in (not_folded, of_day.order_by(event.c.session.desc())):
        found = bulk.fetch(conn, statement.limit(1))
        if found:
            return max(first, int(found[0][0]))
    return first


def _counted(conn: Connection, statement: Select[tuple[int, int]]) -> Counter[Kind]:
    rows = bulk.fetch(conn, statement.group_by(event.c.kind))
    return Counter({Kind(kind): number for kind, number in rows})


def _is_same(table: Table) -> ColumnElement[bool]:
    return (table.c.run == event.c.run) & (table.c.session == event.c.session)


def _is_folded(up_to: int) -> ColumnElement[bool]:
    return (
        select(ended_session.c.session)
        .where(_is_same(ended_session), ended_session.c.generation <= up_to)
        .exists()
    )
