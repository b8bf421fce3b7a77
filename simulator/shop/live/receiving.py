"""An event that a program sends: checked against the slate it speaks of, and taken once."""

from __future__ import annotations

from db import visits
from db.engine import write_transaction
from db.errors import UsageError
from db.events import ABSENT, Kind
from simulator.shop.live.acting import Acts, end_visit, note
from simulator.shop.live.asking import Ticket


def receive(
    acts: Acts,
    ticket: Ticket,
    kind: str,
    *,
    event_id: str | None = None,
    position: int | None = None,
    dwell: float | None = None,
) -> bool:
    """Store an event of a search; False when one was received under this id before.

    Raises UsageError for a visit that is over, or a position at which nothing was shown.
    """
    number = acts.live.run.number
    with write_transaction(acts.engine) as conn:
        visits.hold(conn, number, ticket.session)
        visit = visits.read(conn, number, ticket.session)
        if visit is None:
            raise UsageError(f"there is no search {ticket}")
        ordinal = visits.last(conn, number, ticket.session).ordinal
        if event_id and not visits.receive(conn, number, event_id, ticket.session, ordinal):
            return False
        if visit.ended is not None:
            raise UsageError("this visit is over; search again, and a new one begins")
        if kind == "leave":
            end_visit(conn, acts.live, visit)
            return True
        if position is None:
            raise UsageError(f"a {kind} needs the position of what it was about")
        place = acts.place(conn, ticket, position)
        what = Kind[kind.upper()]
        note(
            conn,
            acts.live,
            visit,
            what,
            place,
            price=int(acts.live.price[place.item]) if what is not Kind.CLICK else ABSENT,
            dwell=round(1000 * dwell) if dwell is not None and what is Kind.CLICK else ABSENT,
        )
        visits.touch(conn, number, ticket.session)
    return True
