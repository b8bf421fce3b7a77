"""What a recommender of your own has to answer, and what it gets to see.

Version 1. Tables are Arrow tables; their columns are listed in `tables.py`. Nothing here says what
the judge knows: no taste, no chance of a click, no category of a picture that is searched with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = 1
"""Version of all that is below, and of the columns of the tables."""

PADDING = -1
"""Fills rows of items that are shorter than others."""


@dataclass(frozen=True)
class Shop:
    """What is sold, and what is searched with. Items are numbered from 0; behind the n_items that
    are sold come the pictures that shoppers search with.
    """

    items: pa.Table
    """number int32, id string, category string, price float64; the items for sale."""
    queries: pa.Table
    """number int32, id string: the pictures that are searched with, numbered behind the items."""
    pictures: NDArray[np.uint8]
    """uint8 [n, 28, 28], light on dark: of the items, then of the queries. Read-only."""
    vectors: NDArray[np.float32]
    """float32 [n, dim], unit rows: the pictures as the embedder of the run sees them. Read-only."""
    k: int
    """Items on a slate."""
    seed: int
    """For whatever is drawn by lot."""

    @property
    def n_items(self) -> int:
        """How many items are for sale."""
        return int(self.items.num_rows)


@dataclass(frozen=True)
class Requests:
    """Up to 256 requests for a slate, a row each."""

    table: pa.Table
    """session int64, shopper int64, step int16, query int32, history list of {kind, item, position,
    step}, shown list of int32: the session so far, without the request itself.
    """
    on_sale: NDArray[np.bool_]
    """bool [n_items]: which items are sold by now. Read-only."""
    earlier: pa.Table | None = None
    """The events of these shoppers on earlier days, as in Day.events; only for a recommender with
    `wants_earlier = True`.
    """

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def query(self) -> NDArray[np.int32]:
        """int32 [n]: the item that was opened, or the picture that was searched with."""
        return np.asarray(self.table["query"].to_numpy(), np.int32)

    @property
    def session(self) -> NDArray[np.int64]:
        """int64 [n]."""
        return np.asarray(self.table["session"].to_numpy(), np.int64)

    @property
    def shopper(self) -> NDArray[np.int64]:
        """int64 [n]."""
        return np.asarray(self.table["shopper"].to_numpy(), np.int64)

    @property
    def step(self) -> NDArray[np.int16]:
        """int16 [n], 0 for the first slate of a session."""
        return np.asarray(self.table["step"].to_numpy(), np.int16)

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Bool [n, n_items]: what may be shown. Not what the session has seen, nor the query."""
        marks = np.repeat(self.on_sale[None, :], len(self), axis=0)
        rows, items = _flat(self.table["shown"])
        marks[rows, items] = False
        query = self.query
        is_item = query < marks.shape[1]
        marks[np.flatnonzero(is_item), query[is_item]] = False
        return marks

    @property
    def profile(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(rows int64 [m], items int32 [m]): per request its query, and what was searched with,
        opened, clicked, carted or bought earlier in the session, in order; sorted by row.
        """
        history = self.table["history"].combine_chunks()
        rows, places = _flat(history, is_place=True)
        items = np.asarray(history.values.field("item").to_numpy(), np.int32)[places]
        every_row = np.concatenate([rows, np.arange(len(self))])
        every_item = np.concatenate([items, self.query])
        order = np.argsort(every_row, kind="stable")
        return every_row[order], every_item[order].astype(np.int32)


@dataclass(frozen=True)
class Slates:
    """The answer to requests, best first."""

    items: NDArray[np.int32]
    """int32 [n, k] item numbers; PADDING where there is none."""
    scores: NDArray[np.float64] | None = None
    """float64 [n, k]; stored beside the slate, never compared with anything."""
    reasons: Sequence[Sequence[str]] | None = None
    """A few words for each item; the report shows them under it."""
    propensities: NDArray[np.float64] | None = None
    """float64 [n, k]: the probability with which each item was put where it stands."""

    @classmethod
    def best(cls, scores: NDArray[np.floating], allowed: NDArray[np.bool_], k: int) -> Slates:
        """The k best of each row that are allowed; the lower number first of equals.

        scores: [n, n_items]; what is not a number ranks behind all others.
        """
        marked = np.where(allowed & ~np.isnan(scores), scores, -np.inf).astype(np.float64)
        order = np.argsort(-marked, axis=1, kind="stable")[:, :k]
        values = np.take_along_axis(marked, order, axis=1)
        items = np.where(np.take_along_axis(allowed, order, axis=1), order, PADDING)
        return cls(items.astype(np.int32), np.where(items >= 0, values, np.nan))


@dataclass(frozen=True)
class Day:
    """What happened on a day: its sessions are all over."""

    day: int
    """From 0."""
    slates: pa.Table
    """session int64, shopper int64, step int16, query int32, items list of int32."""
    events: pa.Table
    """session int64, shopper int64, step int16, at float64 (seconds), kind string, query int32,
    item int32, position int16 (from 1), price float64.
    """


class Recommender(Protocol):
    """A recommender of your own. `start` comes first; then slates all day, and `learn` at night.

    A worker asks its own copy, so what is learned may depend on nothing but shop and days.
    """

    def start(self, shop: Shop) -> None:
        """The shop opens."""

    def slates(self, requests: Requests) -> Slates | NDArray[Any]:
        """A slate for each request: Slates, or int [n, k] item numbers alone."""

    def learn(self, day: Day) -> None:
        """A day is over."""


def _flat(column: Any, *, is_place: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows [m], values [m]) of a column of lists; is_place: where the values stand instead."""
    lists = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    offsets = np.asarray(lists.offsets.to_numpy(), np.int64)
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    places = np.arange(offsets[0], offsets[-1])
    if is_place:
        return rows, places
    return rows, np.asarray(lists.values.to_numpy(), np.int64)[places]
