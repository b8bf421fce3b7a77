"""Events as the Arrow tables that a guest gets. Version: protocol.SCHEMA."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from db.events import Events, Kind
from workers.guests.protocol import Day, Requests

NAMES = {kind: kind.name.lower() for kind in Kind}
SO_FAR = (Kind.SEARCH, Kind.VIEW, Kind.CLICK, Kind.CART, Kind.PURCHASE)
"""What stands in the history of a request."""
ACTION = pa.struct(
    [("kind", pa.string()), ("item", pa.int32()), ("position", pa.int16()), ("step", pa.int16())]
)
REQUESTS = pa.schema(
    [
        ("session", pa.int64()),
        ("shopper", pa.int64()),
        ("step", pa.int16()),
        ("query", pa.int32()),
        ("history", pa.list_(ACTION)),
        ("shown", pa.list_(pa.int32())),
    ]
)
SLATES = pa.schema(
    [
        ("session", pa.int64()),
        ("shopper", pa.int64()),
        ("step", pa.int16()),
        ("query", pa.int32()),
        ("items", pa.list_(pa.int32())),
    ]
)
EVENTS = pa.schema(
    [
        ("session", pa.int64()),
        ("shopper", pa.int64()),
        ("step", pa.int16()),
        ("at", pa.float64()),
        ("kind", pa.string()),
        ("query", pa.int32()),
        ("item", pa.int32()),
        ("position", pa.int16()),
        ("price", pa.float64()),
    ]
)
Ints = NDArray[np.int64]


def requests(events: Events, sessions: Ints, step: int, on_sale: NDArray[np.bool_]) -> Requests:
    """The requests that sessions (int64 [n], sorted) made at a step, from their events so far."""
    asked = events.of(Kind.SEARCH, Kind.VIEW)
    asked = asked[(asked["step"] == step) & np.isin(asked["session"], sessions)]
    before = events.of(*SO_FAR)
    before = before[before["step"] < step]
    impressions = events.of(Kind.IMPRESSION)
    is_before = impressions["step"] < step
    shown = events.shown[is_before]
    table = pa.Table.from_arrays(
        [
            pa.array(asked["session"]),
            pa.array(asked["shopper"].astype(np.int64)),
            pa.array(asked["step"]),
            pa.array(asked["query"]),
            _lists(asked["session"], before["session"], _actions(before)),
            _shown(asked["session"], impressions["session"][is_before], shown),
        ],
        schema=REQUESTS,
    )
    return Requests(table, on_sale)


def day(number: int, events: Events) -> Day:
    """All that happened in sessions that are over."""
    rows = events.rows
    impressions = events.of(Kind.IMPRESSION)
    is_told = rows["kind"] != Kind.IMPRESSION
    told = rows[is_told]
    return Day(
        number,
        pa.Table.from_arrays(
            [
                pa.array(impressions["session"]),
                pa.array(impressions["shopper"].astype(np.int64)),
                pa.array(impressions["step"]),
                pa.array(impressions["query"]),
                _rows_of(events.shown),
            ],
            schema=SLATES,
        ),
        pa.Table.from_arrays(
            [
                pa.array(told["session"]),
                pa.array(told["shopper"].astype(np.int64)),
                pa.array(told["step"]),
                pa.array(told["at"] / 1000.0),
                _kinds(told["kind"]),
                _or_null(told["query"]),
                _or_null(told["item"]),
                _or_null(told["position"]),
                _or_null(told["price"], told["price"] / 100.0),
            ],
            schema=EVENTS,
        ),
    )


def _actions(rows: Any) -> pa.Array:
    """Events as {kind, item, position, step}; the item of a search or view is its query."""
    asks = np.isin(rows["kind"], (Kind.SEARCH, Kind.VIEW))
    item = np.where(asks, rows["query"], rows["item"]).astype(np.int32)
    return pa.StructArray.from_arrays(
        [_kinds(rows["kind"]), pa.array(item), _or_null(rows["position"]), pa.array(rows["step"])],
        fields=list(ACTION),
    )


def _lists(wanted: Ints, owner: Ints, values: pa.Array) -> pa.Array:
    """Of each wanted session the values it owns; owner is sorted, as wanted is."""
    first = np.searchsorted(owner, wanted, side="left")
    last = np.searchsorted(owner, wanted, side="right")
    ends = np.append(0, np.cumsum(last - first)).astype(np.int32)
    places = np.repeat(first - ends[:-1], last - first) + np.arange(ends[-1])
    return pa.ListArray.from_arrays(pa.array(ends), values.take(pa.array(places)))


def _shown(wanted: Ints, owner: Ints, shown: NDArray[np.int32]) -> pa.Array:
    """Of each wanted session all items that stood on its slates."""
    is_item = shown >= 0
    owners = np.repeat(owner, is_item.sum(axis=1))
    return _lists(wanted, owners, pa.array(shown[is_item]))


def _rows_of(shown: NDArray[np.int32]) -> pa.Array:
    """Slates as lists, without their padding."""
    is_item = shown >= 0
    ends = np.append(0, np.cumsum(is_item.sum(axis=1))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(shown[is_item]))


def _kinds(kind: NDArray[np.int8]) -> pa.Array:
    names = np.array([NAMES.get(Kind(code), "") if code else "" for code in range(max(Kind) + 1)])
    return pa.array(names[kind], pa.string())


def _or_null(values: NDArray[Any], shown: NDArray[Any] | None = None) -> pa.Array:
    """Values, null where they are absent (below 0)."""
    return pa.array(values if shown is None else shown, mask=values < 0)
