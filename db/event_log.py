"""The event log: appended once, read by session, never changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    func,
    literal_column,
    select,
    tuple_,
)

from db import bulk
from db.errors import DataError
from db.events import ABSENT, EVENT, FIELDS_OF, Events, Kind, Rows
from db.tables import event


def append(conn: Connection, run: int, events: Events) -> None:
    """Store events; those that are there already are left as they are."""
    for kind, fields in FIELDS_OF.items():
        rows = events.of(kind)[list(fields)].tolist()
        if kind is Kind.IMPRESSION:
            tuples = [
                (run, *row, shown.tobytes()) for row, shown in zip(rows, events.shown, strict=True)
            ]
            bulk.insert(conn, event, ("run", *fields, "items"), tuples, again=True)
        else:
            bulk.insert(conn, event, ("run", *fields), [(run, *row) for row in rows], again=True)


def read(conn: Connection, run: int, *, k: int) -> Events:
    """Every event of a run whose slates hold k items, by session, then ordinal."""
    return _gather(conn, _select(run), k)


def require_known(
    run_id: str, events: Events, n_items: int, *, slates: NDArray[Any] | None = None
) -> None:
    """Raise DataError for events that no run of so many items has, as flipped bits leave them.

    slates: item numbers of any shape, -1 padded, that are looked at with them.
    """
    rows = events.rows
    listed = np.zeros(0, np.int32) if slates is None else slates
    named = (rows["query"], rows["item"], events.shown, listed)
    is_known = all(((one >= ABSENT) & (one < n_items)).all() for one in named)
    if not is_known or not np.isin(rows["kind"], list(Kind)).all():
        raise DataError(
            f"the events of run {run_id} are damaged: they name what it does not have;"
            " play it anew with --again"
        )


def read_sessions(
    conn: Connection, run: int, sessions: NDArray[np.int64], *, up_to_step: int, k: int
) -> Events:
    """The events of some sessions, up to and with a step.

    sessions: int64 [n], sorted. Read as one range of the key, then narrowed: a batch lies together.
    """
    if not len(sessions):
        return Events.empty(k)
    statement = _select(run).where(
        event.c.session.between(int(sessions[0]), int(sessions[-1])), event.c.step <= up_to_step
    )
    events = _gather(conn, statement, k)
    wanted = np.isin(events.rows["session"], sessions)
    return Events(events.rows[wanted], events.shown[wanted[events.rows["kind"] == Kind.IMPRESSION]])


def read_scattered(conn: Connection, run: int, sessions: NDArray[np.int64], *, k: int) -> Events:
    """Every event of a few sessions whose numbers lie far apart, as those of people do."""
    return _gather(conn, _scattered(), k, {"run": run, "sessions": sessions.tolist()})


@cache
def _scattered() -> Select[Any]:
    return _select(bulk.given("run")).where(event.c.session.in_(bulk.several("sessions")))


def shown(
    conn: Connection, run: int, session: int, step: int
) -> tuple[int, NDArray[np.int32]] | None:
    """The impression of a slate: its ordinal, and its item numbers by position; None before it."""
    mine = (event.c.session == session) & (event.c.step == step)
    statement = select(event.c.ordinal, event.c["items"]).where(
        event.c.run == run, mine, event.c.kind == int(Kind.IMPRESSION)
    )
    rows = bulk.fetch(conn, statement.limit(1))
    return (int(rows[0][0]), np.frombuffer(rows[0][1], "<i4")) if rows else None


def query_of(conn: Connection, run: int, session: int, step: int) -> int:
    """The item number that a request asked with; ABSENT when nobody asked."""
    asked = (event.c.session == session) & (event.c.step == step)
    kinds = event.c.kind.in_([int(Kind.SEARCH), int(Kind.VIEW)])
    rows = bulk.fetch(conn, select(event.c.query).where(event.c.run == run, asked, kinds))
    return int(rows[0][0]) if rows else ABSENT


def asked_again(conn: Connection, run: int, session: int, step: int, query: int) -> int | None:
    """The next step after one at which a session searched with the same item; None: not yet."""
    later = (event.c.session == session) & (event.c.step > step) & (event.c.query == query)
    statement = select(func.min(event.c.step)).where(
        event.c.run == run, later, event.c.kind == int(Kind.SEARCH)
    )
    found = bulk.fetch(conn, statement)[0][0]
    return None if found is None else int(found)


_ASKED_AND_SHOWN = select(
    event.c.session, event.c.step, event.c.kind, event.c.ordinal, event.c.query
).where(
    event.c.run == bulk.given("run"),
    tuple_(event.c.session, event.c.step).in_(bulk.several("keys")),
    event.c.kind.in_([int(Kind.SEARCH), int(Kind.VIEW), int(Kind.IMPRESSION)]),
)


def asked_and_shown(
    conn: Connection, run: int, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, int]]:
    """By (session, step) the item number that was asked with, and the ordinal of the impression;
    ABSENT where there is none.
    """
    rows = bulk.fetch(conn, _ASKED_AND_SHOWN, {"run": run, "keys": sorted(keys)})
    found = dict.fromkeys(keys, (ABSENT, ABSENT))
    for session, step, kind, ordinal, query in rows:
        asked, shown_at = found[session, step]
        is_shown = kind == Kind.IMPRESSION
        found[session, step] = (asked, ordinal) if is_shown else (query, shown_at)
    return found


def read_shopper(conn: Connection, run: int, shopper: int, *, k: int) -> Events:
    """Every event of one shopper in a run."""
    return _gather(conn, _select(run).where(event.c.shopper == shopper), k)


def about_item(conn: Connection, run: int, item: int) -> dict[Kind, int]:
    """How many events of each kind name an item: clicked, carted, bought, or asked with."""
    statement = select(event.c.kind, func.count()).where(event.c.run == run, _names(item))
    rows = bulk.fetch(conn, statement.group_by(event.c.kind))
    return {Kind(kind): int(number) for kind, number in rows}


class AboutItem(NamedTuple):
    """An event that names an item."""

    session: int
    kind: Kind
    shopper: int
    at: int  # milliseconds of the run


def latest_about_item(conn: Connection, run: int, item: int, n: int) -> list[AboutItem]:
    """The last n events that name an item, newest first."""
    columns = [event.c[name] for name in AboutItem._fields]
    statement = select(*columns).where(event.c.run == run, _names(item))
    rows = bulk.fetch(conn, statement.order_by(event.c.at.desc(), event.c.session).limit(n))
    return [
        AboutItem(int(session), Kind(kind), int(shopper), int(at))
        for session, kind, shopper, at in rows
    ]


def _names(item: int) -> ColumnElement[bool]:
    """Whether an event clicked, put in the cart or bought an item, or asked with it."""
    told = [int(kind) for kind in (Kind.CLICK, Kind.CART, Kind.PURCHASE)]
    is_about = event.c.kind.in_(told) & (event.c.item == item)
    asked = event.c.kind.in_([int(Kind.SEARCH), int(Kind.VIEW)]) & (event.c.query == item)
    return is_about | asked


def of_shopper(conn: Connection, run: int, shopper: int) -> list[tuple[int, str]]:
    """What a shopper did: session and kind, in order."""
    mine = (event.c.run == run) & (event.c.shopper == shopper)
    statement = select(event.c.session, event.c.kind).where(mine)
    rows = bulk.fetch(conn, statement.order_by(event.c.session, event.c.ordinal))
    return [(int(session), Kind(kind).name.lower()) for session, kind in rows]


def count(conn: Connection, run: int) -> dict[Kind, int]:
    """How many events of each kind a run has."""
    statement = select(event.c.kind, func.count()).where(event.c.run == run).group_by(event.c.kind)
    return {Kind(kind): number for kind, number in bulk.fetch(conn, statement)}


_PACKED = (
    ("session",),
    ("at", "kind"),
    ("ordinal", "step", "position"),
    ("shopper", "query"),
    ("item", "impression"),
    ("price", "dwell"),
)
"""Columns that are read as one whole number: most of reading is the making of the driver's
numbers.
"""

_BITS = {"kind": 8, "step": 16, "position": 16, "query": 32, "impression": 32, "dwell": 32}


def _select(run: int | BindParameter[Any]) -> Select[Any]:
    packed = [literal_column(_written(names), BigInteger) for names in _PACKED]
    columns: list[Any] = [*packed, event.c["items"]]
    return select(*columns).where(event.c.run == run).order_by(event.c.session, event.c.ordinal)


def _written(names: Sequence[str]) -> str:
    """SQL for columns side by side in one number, each one more than it is, so that ABSENT becomes
    0.
    """
    columns = [f'(CAST(coalesce(event."{name}", {ABSENT}) AS BIGINT) + 1)' for name in names]
    whole = columns[0]
    for name, column in zip(names[1:], columns[1:], strict=True):
        whole = f"(({whole} << {_BITS[name]}) | {column})"
    return whole


def _gather(
    conn: Connection, statement: Select[Any], k: int, values: Mapping[str, Any] | None = None
) -> Events:
    numbers: list[Rows] = []
    slates: list[bytes] = []
    for tuples in bulk.chunks(conn, statement, values=values):
        flat = chain.from_iterable(map(_NUMBERS, tuples))
        packed = np.fromiter(flat, np.int64, len(_PACKED) * len(tuples)).reshape(len(tuples), -1)
        numbers.append(_rows(packed))
        slates += [row[-1] for row in tuples if row[-1] is not None]
    rows = np.concatenate([np.zeros(0, EVENT), *numbers])
    return Events(rows, np.frombuffer(b"".join(slates), "<i4").reshape(-1, k))


_NUMBERS = itemgetter(*range(len(_PACKED)))


def _rows(packed: NDArray[np.int64]) -> Rows:
    """The inverse of `_written`: EVENT [n] of numbers int64 [n, len(_PACKED)]."""
    rows = np.empty(len(packed), EVENT)
    for names, whole in zip(_PACKED, packed.T, strict=True):
        for name in reversed(names[1:]):
            rows[name] = (whole & ((1 << _BITS[name]) - 1)) - 1
            whole = whole >> _BITS[name]  # noqa: PLW2901 - what is left of it
        rows[names[0]] = whole - 1
    return rows
