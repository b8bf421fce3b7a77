"""The shapes of public logs: which of their columns is what, and how one tells them apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.logs.reading.shapes import kinds


@dataclass(frozen=True)
class LogFormat:
    """One preset."""

    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    """Role to the name of its column, in small letters. `offset`: milliseconds after the time."""
    header: frozenset[str] = frozenset()
    """Columns that its first line has; empty: it cannot be told by a header."""
    kind: str = ""
    """Of every event, where no column tells."""
    first_line: str = ""
    """A pattern of the first line where there is no header."""
    names: tuple[str, ...] = ()
    """The columns where there is no header."""
    is_json: bool = False
    """Its lines are JSON of a shape of its own."""
    others_aside: bool = False
    """Kinds that nobody knows are events of its own that say nothing here."""
    spoken: bool = True
    """It is said that it was guessed."""


def _columned(name: str, kind: str = "", more: str = "", /, **columns: str) -> LogFormat:
    needed = frozenset(columns.values()) | frozenset(more.split())
    return LogFormat(name, columns, needed, kind)


_DIGITS = r"\d+"
_ISO = r"\d{4}-\d\d-\d\dT[\d:.]+Z?"

OWN = LogFormat(
    "windowshop",
    {one: one for one in ("shopper", "session", "time", "item", "kind")},
    frozenset(("shopper", "session", "time", "item", "kind")),
    spoken=False,
)
INSTACART_LINES = LogFormat(
    "instacart-lines",
    {"session": "order_id", "item": "product_id"},
    frozenset(("order_id", "product_id", "add_to_cart_order")),
    "purchase",
)
"""Their shopper and time stand in orders.csv."""
FORMATS: Sequence[LogFormat] = (
    OWN,
    _columned(
        "retailrocket",
        shopper="visitorid",
        time="timestamp",
        item="itemid",
        kind="event",
    ),
    LogFormat(
        "yoochoose",
        {"session": "session", "time": "time", "item": "item"},
        kind="click",
        first_line=rf"{_DIGITS},{_ISO},{_DIGITS},\w*",
        names=("session", "time", "item", "category"),
    ),
    LogFormat(
        "yoochoose-buys",
        {"session": "session", "time": "time", "item": "item"},
        kind="purchase",
        first_line=rf"{_DIGITS},{_ISO},{_DIGITS},{_DIGITS},{_DIGITS}",
        names=("session", "time", "item", "price", "quantity"),
    ),
    _columned(
        "diginetica-purchases",
        "purchase",
        "ordernumber",
        session="sessionid",
        shopper="userid",
        item="itemid",
        time="eventdate",
        offset="timeframe",
    ),
    _columned(
        "diginetica",
        "view",
        session="sessionid",
        shopper="userid",
        item="itemid",
        time="eventdate",
        offset="timeframe",
    ),
    LogFormat(
        "rees46",
        {
            "shopper": "user_id",
            "session": "user_session",
            "time": "event_time",
            "item": "product_id",
            "kind": "event_type",
        },
        frozenset(("event_time", "event_type", "product_id", "user_id", "user_session")),
    ),
    LogFormat("otto", is_json=True),
    _columned("hm", "purchase", shopper="customer_id", time="t_dat", item="article_id"),
    _columned(
        "instacart",
        "purchase",
        "add_to_cart_order",
        session="order_id",
        item="product_id",
        shopper="user_id",
        time="time",
    ),
    INSTACART_LINES,
    _columned("movielens", "click", "rating", shopper="userid", item="movieid", time="timestamp"),
    LogFormat(
        "movielens-dat",
        {"shopper": "user", "item": "movie", "time": "time"},
        kind="click",
        first_line=rf"{_DIGITS}(::|\t){_DIGITS}\1[\d.]+\1{_DIGITS}",
        names=("user", "movie", "rating", "time"),
    ),
    LogFormat(
        "ga4",
        {
            "shopper": "user_pseudo_id",
            "session": "ga_session_id",
            "time": "event_timestamp",
            "item": "item_id",
            "kind": "event_name",
        },
        frozenset(("event_name", "event_timestamp", "user_pseudo_id", "item_id")),
        is_json=True,
        others_aside=True,
    ),
    LogFormat("segment", is_json=True, others_aside=True),
    LogFormat("ubi", is_json=True, others_aside=True),
    LogFormat("recbole"),
)
BY_NAME = {one.name: one for one in FORMATS}


def of_header(names: Sequence[str]) -> LogFormat | None:
    """The preset whose columns these are, or none. names: in small letters."""
    if found := recbole(names):
        return found
    given = set(names)
    return next((one for one in FORMATS if one.header and one.header <= given), None)


def of_first_line(line: str) -> LogFormat | None:
    """The preset without a header whose first line this could be, or none."""
    found = (one for one in FORMATS if one.first_line and re.fullmatch(one.first_line, line))
    return next(found, None)


_RECBOLE = {
    "shopper": ("user_id", "uid"),
    "session": ("session_id", "session"),
    "item": ("item_id", "iid"),
    "time": ("timestamp", "time"),
    "kind": ("event", "event_type", "behavior", "behaviour", "type", "kind"),
}


def recbole(names: Sequence[str]) -> LogFormat | None:
    """RecBole's header names a type with each column: `user_id:token`."""
    types = ("token", "float", "token_seq", "float_seq")
    if not names or any(name.partition(":")[2] not in types for name in names):
        return None
    columns = {
        role: next((name for name in names if name.partition(":")[0] in wanted), "")
        for role, wanted in _RECBOLE.items()
    }
    found = {role: name for role, name in columns.items() if name}
    return LogFormat("recbole", found, frozenset(found.values()), "click")


CANDIDATES: Mapping[str, str] = {
    "shopper": "shopper user userid visitor visitorid customer customerid client clientid",
    "session": "session sessionid visit visitid basket basketid usersession orderid",
    "time": "time timestamp ts date datetime at eventtime eventdate createdat",
    "item": "item itemid product productid sku article articleid aid movieid",
    "kind": "kind event eventtype type action eventname behavior what",
}


def proposed(names: Sequence[str]) -> str:
    """The --columns that a header suggests, or an empty text."""
    found = {}
    for role, words in CANDIDATES.items():
        match = next((name for name in names if kinds.plain(name) in words.split()), None)
        if match is not None:
            found[role] = match
    enough = {"time", "item"} <= set(found) and {"shopper", "session"} & set(found)
    return ",".join(f"{role}={name}" for role, name in found.items()) if enough else ""
