"""A person asks: her search or view is stored with its work in one transaction, and the slate
comes back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from db import event_log, images, items, slates, visits, work
from db.engine import read_transaction, write_transaction
from db.errors import NotFoundError
from db.events import Kind
from db.items import QUERY_SPLIT, Item
from db.visits import Visit
from recommender.ranking import SLATE
from simulator.playing.desk import Workforce
from simulator.shop.live.live_run import LiveRun
from simulator.shop.live.watching import SlateWatch
from simulator.shop.storing import (
    LAST_STEP,
    HeldRequest,
    SlateSeen,
    SlateToShow,
    by_run,
    show,
    store,
)
from simulator.shop.together import GroupCall

UPLOADS = "uploads"
"""The catalogue of pictures that visitors brought."""

LOOK_SECONDS = 1.0
"""Who waits for a slate looks herself so often, should its work be given up."""


class PromptWorkforce(Workforce, Protocol):
    """Those who do the work, and first what a person waits for."""

    def ring_first(self, work_ids: list[int]) -> None:
        """Work was written for which a person waits."""


@dataclass(frozen=True)
class Visitor:
    """Who is there: her own number, and whom she shops as."""

    number: int
    shopper: int


@dataclass(frozen=True)
class Ticket:
    """A request that was stored: where its slate will stand."""

    run: str
    session: int
    step: int

    def __str__(self) -> str:
        return f"{self.run}-{self.session:x}-{self.step}"

    @classmethod
    def of(cls, text: str) -> Ticket:
        """The inverse of str; NotFoundError for what is none."""
        parts = text.split("-")
        try:
            ticket = cls(parts[0], int(parts[1], 16), int(parts[2]))
        except (IndexError, ValueError):
            ticket = None
        if ticket is None or str(ticket) != text or not 0 <= ticket.step <= LAST_STEP:
            raise NotFoundError(
                f"there is no search {text[:80]!r}; POST /api/v1/searches makes one"
            )
        return ticket


@dataclass(frozen=True)
class Answer:
    """A slate as it was shown. entries: SLATE [k]; query: item number; impression: its ordinal."""

    ticket: Ticket
    query: int
    entries: Any
    impression: int
    generation: int


@dataclass(frozen=True)
class Inquiry:
    """What somebody asks for, not stored yet."""

    live: LiveRun
    visitor: Visitor
    query: int
    kind: Kind


class FrontDesk:
    """Where all people of one process ask and are shown: those who come within a few milliseconds
    share a transaction, and a job.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.ask: GroupCall[Inquiry, tuple[Ticket, list[int]]] = GroupCall(self.ask_all)
        """Gives her ticket, and the ids of work that its caller rings for."""
        self.show: GroupCall[SlateToShow, SlateSeen | None] = GroupCall(self._show)

    def ask_all(self, wishes: list[Inquiry]) -> list[tuple[Ticket, list[int]] | Exception]:
        """Store all of it in one transaction."""
        found: list[tuple[Ticket, list[int]] | Exception] = [NotFoundError("")] * len(wishes)
        bells: list[int] = []
        with write_transaction(self._engine) as conn:
            for places, part in by_run(wishes):
                number = part[0].live.run.number
                moment = visits.moment(conn, number)
                people = [(one.visitor.number, one.visitor.shopper) for one in part]
                opened = visits.open_all(conn, number, people, moment.now)
                asked = [
                    HeldRequest(one.live, opened[person], one.query, one.kind)
                    for one, person in zip(part, people, strict=True)
                ]
                steps, more = store(conn, asked, moment)
                bells += more
                for place, one, step in zip(places, asked, steps, strict=True):
                    found[place] = (
                        step
                        if isinstance(step, Exception)
                        else (Ticket(one.live.run.id, one.visit.session, step), [])
                    )
        return _with_bells(found, bells)

    def _show(self, shown: list[SlateToShow]) -> list[SlateSeen | Exception | None]:
        found: list[SlateSeen | Exception | None] = [None] * len(shown)
        with write_transaction(self._engine) as conn:
            for places, part in by_run(shown):
                for place, seen in zip(places, show(conn, part), strict=True):
                    found[place] = seen
        return found


def _with_bells(
    found: list[tuple[Ticket, list[int]] | Exception], bells: list[int]
) -> list[tuple[Ticket, list[int]] | Exception]:
    """The first whose request was stored rings for all."""
    for place, one in enumerate(found):
        if not isinstance(one, Exception):
            found[place] = one[0], bells
            break
    return found


@dataclass(frozen=True)
class Enquiries:
    """Where people ask in one live run."""

    engine: Engine
    live: LiveRun
    workforce: PromptWorkforce
    watch: SlateWatch
    """Shared by all who wait in this process."""
    counter: FrontDesk
    """Shared by all who ask in this process."""

    def ask(self, visitor: Visitor, query: int, kind: Kind = Kind.SEARCH) -> Ticket:
        """Store a search with an item (or, as a view, that it was opened), and ring for its
        slate.
        """
        ticket, ids = self.counter.ask.do(Inquiry(self.live, visitor, query, kind))
        if ids:
            self.workforce.ring_first(ids)
        return ticket

    def ask_with_picture(self, visitor: Visitor, picture: NDArray[np.uint8]) -> Ticket:
        """The same with a canonical picture of her own, which becomes a query item of the run."""
        with write_transaction(self.engine) as conn:
            number = self._numbered(conn, picture)
            ticket, ids = self._store(conn, visitor, number, Kind.SEARCH, brings=True)
        self.workforce.ring_first(ids)
        return ticket

    def ask_for_less(self, visitor: Visitor, ticket: Ticket, item: int) -> Ticket:
        """The same search again, without what looks like an item of its slate, for the rest of the
        visit.
        """
        with write_transaction(self.engine) as conn:
            visit = visit_of(conn, self.live, visitor)
            step = visits.last(conn, self.live.run.number, visit.session).step + 1
            visits.refuse(conn, self.live.run.number, visit, item, step)
            query = event_log.query_of(conn, self.live.run.number, ticket.session, ticket.step)
            if query < 0:
                raise NotFoundError(f"there is no search {ticket}")
            again, ids = self._store(conn, visitor, query, Kind.SEARCH, brings=False)
        self.workforce.ring_first(ids)
        return again

    def ask_further(self, ticket: Ticket) -> Ticket | None:
        """What comes after a slate that was shown: the same query asked again in the same visit.

        Who has asked so before gets the same again. None for a visit that is over.
        """
        live = self.live
        number = live.run.number
        with write_transaction(self.engine) as conn:
            visits.hold(conn, number, ticket.session)
            query = event_log.query_of(conn, number, ticket.session, ticket.step)
            step = event_log.asked_again(conn, number, ticket.session, ticket.step, query)
            if step is not None:
                return Ticket(live.run.id, ticket.session, step)
            visit = visits.read(conn, number, ticket.session)
            if visit is None or visit.ended is not None:
                return None
            further, ids = self._request(conn, visit, query, Kind.SEARCH, brings=False)
        self.workforce.ring_first(ids)
        return further

    def answer(self, ticket: Ticket, wait: float = 0.0, most: int | None = None) -> Answer | None:
        """The slate of a request, shown from now on; None when it has not come within `wait`
        seconds. most: so many of its items are shown; left out, all.

        Raises NotFoundError for a request that nobody made, WorkError when its work was given up.
        """
        told = self._wait(ticket, wait) or self._look(ticket) is not None
        return self._show(ticket, most=most) if told else None

    def arranged(
        self, ticket: Ticket, entries: Any, generation: int, shown: NDArray[np.int32]
    ) -> Answer:
        """A slate that is shown in another arrangement: item numbers by position, -1 where another
        policy's item stands.
        """
        del entries, generation
        seen = self._show(ticket, items=shown)
        if seen is None:
            raise NotFoundError(f"search {ticket} has no slate yet")
        return seen

    def slate(self, ticket: Ticket, wait: float = 0.0) -> tuple[Any, int] | None:
        """The entries and the generation of a slate, not shown yet; None when it has not come."""
        self._wait(ticket, wait)
        return self._look(ticket)

    def _wait(self, ticket: Ticket, wait: float) -> bool:
        """Whether the slate came within so many seconds; WorkError when its work was given up."""
        deadline = time.monotonic() + wait
        key = (self.live.run.number, ticket.session, ticket.step)
        has_rung = False
        while (left := deadline - time.monotonic()) > 0:
            if self.watch.wait(key, min(left, LOOK_SECONDS)) or self._look(ticket) is not None:
                return True
            if not has_rung:
                self._ring_again(ticket)
                has_rung = True
        return False

    def _ring_again(self, ticket: Ticket) -> None:
        """A job for a request that a worker that stands by may have been told of, and does not
        do.
        """
        with read_transaction(self.engine) as conn:
            waiting = _undone(conn, self.live.run.number, ticket)
        if waiting is not None:
            self.workforce.ring([waiting])

    def _store(
        self, conn: Connection, visitor: Visitor, query: int, kind: Kind, *, brings: bool
    ) -> tuple[Ticket, list[int]]:
        visit = visit_of(conn, self.live, visitor)
        return self._request(conn, visit, query, kind, brings=brings)

    def _request(
        self, conn: Connection, visit: Visit, query: int, kind: Kind, *, brings: bool
    ) -> tuple[Ticket, list[int]]:
        """The event and the work of a request in a visit that is held."""
        moment = visits.moment(conn, self.live.run.number)
        (step,), ids = store(conn, [HeldRequest(self.live, visit, query, kind, brings)], moment)
        if isinstance(step, Exception):
            raise step
        return Ticket(self.live.run.id, visit.session, step), ids

    def _numbered(self, conn: Connection, picture: NDArray[np.uint8]) -> int:
        """The number of a picture in this run; a new one becomes an item to search with."""
        key = images.digest(picture)
        if (known := self.live.by_picture.get(key)) is not None:
            return known
        images.add(conn, [picture])
        stored = items.of_image(conn, UPLOADS, key)
        if stored is None:
            number = items.next_number(conn, UPLOADS)
            stored = Item(number, f"upload-{number:05d}", key, "", QUERY_SPLIT, "a visitor")
            items.add(conn, UPLOADS, [stored])
        return items.append_to_run(conn, self.live.run.number, UPLOADS, stored)

    def _look(self, ticket: Ticket) -> tuple[Any, int] | None:
        """The stored slate and its generation, if it is there."""
        number = self.live.run.number
        with read_transaction(self.engine) as conn:
            found = slates.one(
                conn, number, ticket.session, ticket.step, dtype=SLATE, k=self.live.k
            )
            if found is None and _undone(conn, number, ticket) is None:
                raise NotFoundError(f"there is no search {ticket}; POST /api/v1/searches makes one")
        return found

    def _show(
        self, ticket: Ticket, *, items: NDArray[np.int32] | None = None, most: int | None = None
    ) -> Answer | None:
        """Note, once, what of the slate is shown; None where it is not there."""
        shown = SlateToShow(self.live, ticket.session, ticket.step, items, most)
        seen = self.counter.show.do(shown)
        if seen is None:
            return None
        return Answer(ticket, seen.query, seen.entries, seen.impression, seen.generation)


def _undone(conn: Connection, run: int, ticket: Ticket) -> int | None:
    """The id of the work of a request, if it is not done; WorkError when it was given up."""
    return work.undone(conn, run, "answer", f"{ticket.session}.{ticket.step}")


def visit_of(conn: Connection, live: LiveRun, visitor: Visitor) -> Visit:
    """The open visit of somebody, begun if need be, and held until the transaction ends."""
    number = live.run.number
    visits.hold(conn, number, visitor.number)
    visit = visits.find(conn, number, visitor.number, visitor.shopper)
    if visit is None:
        visit = visits.begin(conn, number, visitor.number, visitor.shopper)
    visits.hold(conn, number, visit.session)
    return visit
