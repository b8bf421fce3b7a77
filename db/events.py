"""The vocabulary of the shop: what can happen, in the past tense, and how many events travel as one
array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
"""A structured array of EVENT; NumPy's types cannot name its fields."""

ABSENT = -1
"""Stands for "this kind of event has no such field"; NULL in the database, left out of the
export.
"""


class Kind(IntEnum):
    """What a shopper did, or was shown."""

    SEARCH = 1
    VIEW = 2
    IMPRESSION = 3
    CLICK = 4
    CART = 5
    PURCHASE = 6
    LEAVE = 7


EVENT = np.dtype(
    [
        ("session", "<i8"),
        ("ordinal", "<i4"),  # counts the events of a session from 0
        ("kind", "<i1"),
        ("shopper", "<i4"),
        ("step", "<i2"),  # 0-based number of the slate in its session
        ("at", "<i8"),  # simulated milliseconds, strictly increasing within a session
        ("query", "<i4"),  # item number searched with or opened
        ("item", "<i4"),
        ("position", "<i2"),  # 1-based
        ("impression", "<i4"),  # ordinal of the impression in the same session
        ("price", "<i4"),  # cents
        ("dwell", "<i4"),  # milliseconds
    ]
)

_COMMON = ("session", "ordinal", "kind", "shopper", "step", "at")

FIELDS_OF = {
    Kind.SEARCH: (*_COMMON, "query"),
    Kind.VIEW: (*_COMMON, "query"),
    Kind.IMPRESSION: (*_COMMON, "query"),
    Kind.CLICK: (*_COMMON, "query", "item", "position", "impression", "dwell"),
    Kind.CART: (*_COMMON, "query", "item", "position", "impression", "price"),
    Kind.PURCHASE: (*_COMMON, "query", "item", "position", "impression", "price"),
    Kind.LEAVE: _COMMON,
}


@dataclass(frozen=True)
class Events:
    """A batch of events."""

    rows: Rows
    """EVENT [n_events], sorted by session, then ordinal."""
    shown: NDArray[np.int32]
    """int32 [n_impressions, k], item numbers by position, -1 padded; a row for each IMPRESSION, in
    order.
    """

    @classmethod
    def empty(cls, k: int) -> Events:
        """No events, of slates of k items."""
        return cls(np.zeros(0, EVENT), np.zeros((0, k), np.int32))

    @classmethod
    def concat(cls, batches: Sequence[Events]) -> Events:
        """One batch in the canonical order; ValueError when there is none."""
        if not batches:
            raise ValueError("no batch to join")
        rows = np.concatenate([batch.rows for batch in batches])
        shown = np.concatenate([batch.shown for batch in batches])
        order = np.lexsort((rows["ordinal"], rows["session"]))
        impressions = np.flatnonzero(rows["kind"] == Kind.IMPRESSION)
        place = np.empty(len(rows), np.int64)
        place[impressions] = np.arange(len(impressions))
        ordered = rows[order]
        return cls(ordered, shown[place[order[ordered["kind"] == Kind.IMPRESSION]]])

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, *kinds: Kind) -> Rows:
        """The rows of some kinds, in order."""
        return self.rows[np.isin(self.rows["kind"], kinds)]


def blank(n: int) -> Rows:
    """N rows in which every optional field is absent."""
    rows = np.zeros(n, EVENT)
    for name in ("query", "item", "position", "impression", "price", "dwell"):
        rows[name] = ABSENT
    return rows
