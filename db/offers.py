"""What a live run offers: a log of changes, and which of them each slate's request knew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from db import bulk, items, runs
from db.engine import now
from db.runs import Run
from db.tables import ended_session, offer, slate_offer

OFFERED = "offered"
WITHHELD = "withheld"
GONE = "gone"
"""States of an item: on slates; not now; never again."""

SAME_SHOP = ("catalogue", "data", "items", "queries", "seed", "model", "runtime", "world")
"""What live runs of one shop have in common, in their configs."""

NO_CHANGE = 0
"""What is known before the first change, which has the number 1."""


class Offer(NamedTuple):
    """What a change made of one item; `item` is its number in the run."""

    item: int
    state: str
    price: int | None  # cents; None: as before any change
    name: str


_LATEST = select(func.max(offer.c.change)).where(offer.c.run == bulk.given("run"))


def latest(conn: Connection, run: int) -> int:
    """The number of a run's last change; NO_CHANGE when there was none."""
    found = bulk.fetch(conn, _LATEST, {"run": run})[0][0]
    return NO_CHANGE if found is None else int(found)


def note(conn: Connection, run: int, changes: Sequence[Offer]) -> int:
    """Store changes after all others, by one transaction at a time; gives the last one's number."""
    items.one_at_a_time(conn)  # or a change with a lower number could be seen after a higher one
    first = latest(conn, run) + 1
    at = conn.execute(select(now())).scalar_one()
    rows = [
        (run, first + place, one.item, one.state, one.price, one.name, at)
        for place, one in enumerate(changes)
    ]
    columns = ("run", "change", "item", "state", "price", "name", "at")
    bulk.insert(conn, offer, columns, rows)
    return first + len(rows) - 1


def of_run(conn: Connection, run: int, up_to: int | None = None) -> dict[int, Offer]:
    """By item number what the changes, all or up to one, have made of it; no others are there."""
    columns = (offer.c.item, offer.c.state, offer.c.price, offer.c.name)
    statement = select(*columns).where(offer.c.run == run).order_by(offer.c.change)
    if up_to is not None:
        statement = statement.where(offer.c.change <= up_to)
    return {row[0]: Offer(*row) for row in bulk.fetch(conn, statement)}


def catalogue_of(config: Mapping[str, Any]) -> str:
    """The catalogue that holds what came into the live runs of one shop: those that began with the
    same items, whoever ranks in them.
    """
    shop = {name: config.get(name) for name in SAME_SHOP}
    return f"added-{hashlib.sha256(runs.canonical(shop).encode()).hexdigest()[:12]}"


def of_shop(conn: Connection, catalogue: str) -> list[Run]:
    """The live runs of one shop, see `catalogue_of`; what is offered is the same in all of them.

    Nobody opens another one, or changes what is offered, until this transaction ends.
    """
    items.one_at_a_time(conn)
    live = [one for one in runs.every(conn) if one.config.get("kind") == runs.LIVE]
    return [one for one in live if catalogue_of(one.config) == catalogue]


def note_seen(conn: Connection, run: int, sessions: Sequence[int], step: int, change: int) -> None:
    """Which change was the last when these requests were made; before the first nothing is kept."""
    if change == NO_CHANGE:
        return
    rows = [(run, session, step, change) for session in sessions]
    bulk.insert(conn, slate_offer, ("run", "session", "step", "change"), rows, again=True)


def seen(conn: Connection, run: int) -> dict[tuple[int, int], int]:
    """By (session, step) the last change that the request knew, where there had been one."""
    columns = (slate_offer.c.session, slate_offer.c.step, slate_offer.c.change)
    rows = bulk.fetch(conn, select(*columns).where(slate_offer.c.run == run))
    return {(session, step): change for session, step, change in rows}


def seen_by(conn: Connection, run: int, generation: int) -> int:
    """The last change that any request knew of the sessions which a generation folds."""
    same = (ended_session.c.run == slate_offer.c.run) & (
        ended_session.c.session == slate_offer.c.session
    )
    statement = (
        select(func.max(slate_offer.c.change))
        .join(ended_session, same)
        .where(slate_offer.c.run == run, ended_session.c.generation == generation)
    )
    found = bulk.fetch(conn, statement)[0][0]
    return NO_CHANGE if found is None else int(found)
