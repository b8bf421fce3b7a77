"""The same shopper at the same moment in two runs: what each of them showed her."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from db import event_log, items, slates
from db.items import Item
from db.runs import Run
from recommender.ranking import SLATE

MOST_LOOKED = 200
"""Visits of which it is tried whether both runs saw them with one search."""


SHARED = ("seed", "data", "catalogue", "items", "queries", "shoppers", "world")
"""Settings without which a shopper of the one run is not that of the other."""


@dataclass(frozen=True)
class Moment:
    """A first search of a visit: what she searched with, and the slate of either run."""

    shopper: int
    day: int
    query: Item
    slates: tuple[list[Item], list[Item]]
    both: frozenset[str]
    """Ids of items that stand on both slates."""
    is_last: bool
    """Whether there is none after it."""


def moment_of(conn: Connection, pair: tuple[Run, Run], number: int) -> Moment | None:
    """A moment of the last day that two runs share, by its number from 0; None where there are not
    so many.

    Of each visit the first search counts: later ones follow what was shown before.
    """
    first, second = pair
    days = min(one.config["days"] for one in pair)
    shoppers = first.config["shoppers"]
    is_alike = all(first.config.get(name) == second.config.get(name) for name in SHARED)
    if not is_alike or not days:
        return None
    day = days - 1
    found = [_first_slates(conn, one, day * shoppers, (day + 1) * shoppers - 1) for one in pair]
    common = [session for session in sorted(found[0]) if session in found[1]][:MOST_LOOKED]
    moments = 0
    chosen: tuple[int, int] | None = None
    for session in common:
        queries = [event_log.query_of(conn, one.number, session, 0) for one in pair]
        if queries[0] < 0 or queries[0] != queries[1]:
            continue
        if chosen is not None:
            return _told(conn, pair, chosen, found, is_last=False)
        if moments == number:
            chosen = (session, queries[0])
        moments += 1
    return None if chosen is None else _told(conn, pair, chosen, found, is_last=True)


def _first_slates(conn: Connection, run: Run, first: int, last: int) -> dict[int, list[int]]:
    """Item numbers by session, of the slates at the first step."""
    k = run.config["recommender"]["slate_size"]
    sessions, entries = slates.at_step(
        conn, run.number, 0, first=first, last=last, dtype=SLATE, k=k
    )
    shown = np.asarray(entries["item"]).reshape(len(sessions), k)
    return dict(zip(sessions.tolist(), shown.tolist(), strict=True))


def _told(
    conn: Connection,
    pair: tuple[Run, Run],
    chosen: tuple[int, int],
    found: list[dict[int, list[int]]],
    *,
    is_last: bool,
) -> Moment:
    session, query = chosen
    sold = [items.of_run(conn, one.number) for one in pair]
    shown = [
        [of[number] for number in by_session[session] if number >= 0]
        for of, by_session in zip(sold, found, strict=True)
    ]
    day, shopper = divmod(session, pair[0].config["shoppers"])
    ids = [{one.item_id for one in slate} for slate in shown]
    return Moment(
        shopper, day, sold[0][query], (shown[0], shown[1]), frozenset(ids[0] & ids[1]), is_last
    )
