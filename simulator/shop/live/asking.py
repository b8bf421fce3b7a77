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

from db import event_log, images, items, offers, slates, visits, work
from db.engine import read_transaction, write_transaction
from db.errors import NotFoundError, UsageError
from db.events import ABSENT, Events, Kind, blank
from db.items import QUERY_SPLIT, Item
from db.visits import Visit
from recommender.ranking import SLATE
from simulator.playing.desk import Workforce
from simulator.shop.live.live_run import LiveRun
from simulator.shop.live.watching import SlateWatch

UPLOADS = "uploads"
"""The catalogue of pictures that visitors brought."""

LAST_STEP = np.iinfo(np.int16).max - 1
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
class Enquiries:
    """Where people ask in one live run."""

    engine: Engine
    live: LiveRun
    workforce: PromptWorkforce
    watch: SlateWatch
    """Shared by all who wait in this process."""

    def ask(self, visitor: Visitor, query: int, kind: Kind = Kind.SEARCH) -> Ticket:
        """Store a search with an item (or, as a view, that it was opened), and ring for its
        slate.
        """
        with write_transaction(self.engine) as conn:
            ticket, ids = self._store(conn, visitor, query, kind, brings=False)
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
        found = self.slate(ticket, wait)
        if found is None:
            return None
        entries, generation = found
        shown = entries["item"].astype(np.int32)
        shown[len(shown) if most is None else most :] = ABSENT
        return self._show(ticket, entries, generation, shown)

    def arranged(
        self, ticket: Ticket, entries: Any, generation: int, shown: NDArray[np.int32]
    ) -> Answer:
        """A slate that is shown in another arrangement: item numbers by position, -1 where another
        policy's item stands.
        """
        return self._show(ticket, entries, generation, shown)

    def slate(self, ticket: Ticket, wait: float = 0.0) -> tuple[Any, int] | None:
        """The entries and the generation of a slate, not shown yet; None when it has not come."""
        deadline = time.monotonic() + wait
        key = (self.live.run.number, ticket.session, ticket.step)
        while True:
            left = deadline - time.monotonic()
            if left > 0:
                self.watch.wait(key, min(left, LOOK_SECONDS))
            found = self._look(ticket)
            if found is not None or left <= 0:
                return found

    def _store(
        self, conn: Connection, visitor: Visitor, query: int, kind: Kind, *, brings: bool
    ) -> tuple[Ticket, list[int]]:
        visit = visit_of(conn, self.live, visitor)
        return self._request(conn, visit, query, kind, brings=brings)

    def _request(
        self, conn: Connection, visit: Visit, query: int, kind: Kind, *, brings: bool
    ) -> tuple[Ticket, list[int]]:
        """The event and the work of a request in a visit that is held."""
        live = self.live
        number = live.run.number
        last = visits.last(conn, number, visit.session)
        step = last.step + 1
        if step > LAST_STEP:
            raise UsageError(f"a visit has at most {LAST_STEP} searches; leave, and come again")
        row = blank(1)
        row["session"] = visit.session
        row["ordinal"] = last.ordinal
        row["kind"] = kind
        row["shopper"] = visit.shopper
        row["step"] = step
        row["at"] = last.at
        row["query"] = query
        event_log.append(conn, number, Events(row, np.zeros((0, live.k), np.int32)))
        visits.touch(conn, number, visit.session)
        change = offers.latest(conn, number)
        offers.note_seen(conn, number, [visit.session], step, change)
        payload = {
            "generation": visits.latest_generation(conn, number),
            "step": step,
            "sessions": [visit.session],
            "brings": brings,
            "refused": [item for item, _ in visit.refused],
            "model": live.run.config["model"],
            "runtime": live.run.config["runtime"],
            "offers": change,
        }
        ids = work.add(conn, number, "answer", {f"{visit.session}.{step}": payload})
        return Ticket(live.run.id, visit.session, step), ids

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
            key = f"{ticket.session}.{ticket.step}"
            if found is None and not work.waits_for(conn, number, "answer", key):
                raise NotFoundError(f"there is no search {ticket}; POST /api/v1/searches makes one")
        return found

    def _show(
        self,
        ticket: Ticket,
        entries: Any,
        generation: int,
        shown: NDArray[np.int32],
    ) -> Answer:
        """Note, once, what of the slate was shown."""
        live = self.live
        number = live.run.number
        with write_transaction(self.engine) as conn:
            visits.hold(conn, number, ticket.session)
            query = event_log.query_of(conn, number, ticket.session, ticket.step)
            ordinal = visits.impression_of(
                conn, number, ticket.session, ticket.step, Kind.IMPRESSION
            )
            visit = visits.read(conn, number, ticket.session)
            if ordinal < 0 and visit is not None and visit.ended is None:
                ordinal = self._note_impression(conn, visit, ticket, query, shown)
        return Answer(ticket, query, entries, ordinal, generation)

    def _note_impression(
        self, conn: Connection, visit: Visit, ticket: Ticket, query: int, items: NDArray[np.int32]
    ) -> int:
        last = visits.last(conn, self.live.run.number, visit.session)
        row = blank(1)
        row["session"] = visit.session
        row["ordinal"] = last.ordinal
        row["kind"] = Kind.IMPRESSION
        row["shopper"] = visit.shopper
        row["step"] = ticket.step
        row["at"] = last.at
        row["query"] = query
        shown = items.astype(np.int32)[None, :]
        event_log.append(conn, self.live.run.number, Events(row, shown))
        return last.ordinal


def visit_of(conn: Connection, live: LiveRun, visitor: Visitor) -> Visit:
    """The open visit of somebody, begun if need be, and held until the transaction ends."""
    number = live.run.number
    visits.hold(conn, number, visitor.number)
    visit = visits.find(conn, number, visitor.number, visitor.shopper)
    if visit is None:
        visit = visits.begin(conn, number, visitor.number, visitor.shopper)
    visits.hold(conn, number, visit.session)
    return visit
