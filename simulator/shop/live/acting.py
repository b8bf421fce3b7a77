"""What a person does with what she was shown: clicks, basket, purchase, leaving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine

from db import event_log, items, visits
from db.engine import read_transaction, write_transaction
from db.errors import UsageError
from db.events import ABSENT, Events, Kind, blank
from db.items import Item
from db.visits import Visit
from simulator.shop.live.asking import Ticket, Visitor, visit_of
from simulator.shop.live.live_run import LiveRun


@dataclass(frozen=True)
class Place:
    """An item where it was shown: on a slate at a position from 1, or nowhere (ABSENT)."""

    item: int
    step: int
    position: int = ABSENT
    impression: int = ABSENT
    query: int = ABSENT


@dataclass(frozen=True)
class Basket:
    """What lies in a basket: places and cents, in the order they were put there."""

    places: list[Place]
    prices: list[int]

    @property
    def total(self) -> int:
        """Cents."""
        return sum(self.prices)


@dataclass(frozen=True)
class Acts:
    """What people do in one live run."""

    engine: Engine
    live: LiveRun

    def place(self, conn: Connection, ticket: Ticket, position: int) -> Place:
        """What stood at a position of a slate that was shown; UsageError when nothing did."""
        number = self.live.run.number
        query = event_log.query_of(conn, number, ticket.session, ticket.step)
        slate, place = divmod(position - 1, self.live.k)
        step: int | None = ticket.step
        for _ in range(slate):  # positions are counted on over the slates of a long list
            if step is not None:
                step = event_log.asked_again(conn, number, ticket.session, step, query)
        found = None if step is None else event_log.shown(conn, number, ticket.session, step)
        if step is None or found is None or position < 1 or found[1][place] < 0:
            raise UsageError(f"search {ticket} has shown nothing at position {position}")
        impression, items_shown = found
        return Place(int(items_shown[place]), step, place + 1, impression, query)

    def shown_at(self, ticket: Ticket, position: int) -> int:
        """The number of the item that stood there."""
        with read_transaction(self.engine) as conn:
            return self.place(conn, ticket, position).item

    def click(self, ticket: Ticket, position: int) -> Place:
        """She clicked what stood there."""
        with write_transaction(self.engine) as conn:
            visit = self._open(conn, ticket.session)
            place = self.place(conn, ticket, position)
            self._note(conn, visit, Kind.CLICK, place)
        return place

    def put(self, ticket: Ticket, position: int) -> Visit:
        """She put what stood there into her basket."""
        with write_transaction(self.engine) as conn:
            visit = self._open(conn, ticket.session)
            place = self.place(conn, ticket, position)
            return self._put(conn, visit, place)

    def put_from_shelf(self, visitor: Visitor, item: int) -> Visit:
        """She put something into her basket that no slate had shown her."""
        with write_transaction(self.engine) as conn:
            visit = visit_of(conn, self.live, visitor)
            last = visits.last(conn, self.live.run.number, visit.session)
            return self._put(conn, visit, Place(item, max(0, last.step)))

    def take_out(self, visitor: Visitor, item: int) -> None:
        """She took something out again; the log keeps that it was in."""
        with write_transaction(self.engine) as conn:
            visit = visit_of(conn, self.live, visitor)
            left = [one for one in visit.basket if one["item"] != item]
            visits.touch(conn, self.live.run.number, visit.session, left)

    def basket(self, visitor: Visitor) -> Basket:
        """What lies in her basket now."""
        with read_transaction(self.engine) as conn:
            number = self.live.run.number
            visit = visits.find(conn, number, visitor.number, visitor.shopper)
        places = [Place(**one) for one in visit.basket] if visit else []
        return Basket(places, [int(self.live.price[one.item]) for one in places])

    def buy(self, visitor: Visitor) -> Basket:
        """She bought what lay in her basket: an event an item."""
        with write_transaction(self.engine) as conn:
            visit = visit_of(conn, self.live, visitor)
            places = [Place(**one) for one in visit.basket]
            if not places:
                raise UsageError("the basket is empty; put something into it first")
            self.refuse_unsold(places)
            for place in places:
                self._note(conn, visit, Kind.PURCHASE, place)
            visits.touch(conn, self.live.run.number, visit.session, [])
        return Basket(places, [int(self.live.price[one.item]) for one in places])

    def leave(self, visitor: Visitor) -> bool:
        """She left; False when she was not there."""
        number = self.live.run.number
        with write_transaction(self.engine) as conn:
            visits.hold(conn, number, visitor.number)
            visit = visits.find(conn, number, visitor.number, visitor.shopper)
            if visit is not None:
                visits.hold(conn, number, visit.session)
                end_visit(conn, self.live, visit)
        return visit is not None

    def item(self, number: int) -> Item:
        """An item of this run, brought ones included; UsageError when there is none."""
        if 0 <= number < len(self.live.items):
            return self.live.items[number]
        with read_transaction(self.engine) as conn:
            found = items.numbered(conn, self.live.run.number, number)
        if found is None:
            raise UsageError(f"no item has the number {number}")
        return found

    def _open(self, conn: Connection, session: int) -> Visit:
        """An open visit, held; UsageError when it is over."""
        visits.hold(conn, self.live.run.number, session)
        visit = visits.read(conn, self.live.run.number, session)
        if visit is None or visit.ended is not None:
            raise UsageError("this visit is over; search again, and a new one begins")
        return visit

    def refuse_unsold(self, places: list[Place]) -> None:
        """UsageError when one of them is not for sale any more."""
        for place in places:
            if not self.live.is_offered[place.item]:
                item_id = self.live.items[place.item].item_id
                raise UsageError(
                    f"{item_id} is not for sale any more; take it out, or choose another"
                )

    def _put(self, conn: Connection, visit: Visit, place: Place) -> Visit:
        if any(one["item"] == place.item for one in visit.basket):
            return visit
        self.refuse_unsold([place])
        self._note(conn, visit, Kind.CART, place)
        basket: list[dict[str, Any]] = [*visit.basket, vars(place)]
        visits.touch(conn, self.live.run.number, visit.session, basket)
        return visit._replace(basket=basket)

    def _note(self, conn: Connection, visit: Visit, kind: Kind, place: Place) -> int:
        price = int(self.live.price[place.item]) if kind is not Kind.CLICK else ABSENT
        ordinal = note(conn, self.live, visit, kind, place, price=price)
        visits.touch(conn, self.live.run.number, visit.session)
        return ordinal


def note(
    conn: Connection,
    live: LiveRun,
    visit: Visit,
    kind: Kind,
    place: Place | None = None,
    *,
    price: int = ABSENT,
    dwell: int = ABSENT,
) -> int:
    """Store one event of a visit that is held; gives its ordinal."""
    last = visits.last(conn, live.run.number, visit.session)
    row = blank(1)
    row["session"] = visit.session
    row["ordinal"] = last.ordinal
    row["kind"] = kind
    row["shopper"] = visit.shopper
    row["step"] = max(0, last.step)
    row["at"] = last.at
    if place is not None:
        for name in ("item", "step", "position", "impression", "query"):
            row[name] = getattr(place, name)
        row["price"] = price
        row["dwell"] = dwell
    event_log.append(conn, live.run.number, Events(row, np.zeros((0, live.k), np.int32)))
    return last.ordinal


def end_visit(conn: Connection, live: LiveRun, visit: Visit) -> None:
    """A visit is over: its last event, and whoever folds may take it."""
    note(conn, live, visit, Kind.LEAVE)
    visits.end(conn, live.run.number, visit.session)
