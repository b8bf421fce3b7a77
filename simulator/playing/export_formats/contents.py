"""What is exported: the events of a run or of an imported log, one object each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from db.errors import DataError

Fields = dict[str, Any]
"""An event as our own JSON lines tell it; what its kind lacks is no key."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ASKED_WITH = ("search", "view")
"""Kinds whose item stands in `query`."""


@dataclass(frozen=True)
class ExportedLog:
    """One run or imported log."""

    name: str
    n_events: int
    events: Callable[[], Iterator[Fields]]
    """Its events by time, as often as they are asked for."""
    text: str | None = None
    """The lines as they were imported."""
    has_propensities: bool = False
    """Somebody asked for them, and its impressions hold them."""


def item_of(event: Fields) -> str | None:
    """The item that an event is about; None where it is about none, or about a slate."""
    named = event.get("query") if event["kind"] in ASKED_WITH else event.get("item")
    return None if named is None else str(named)


def shopper_of(event: Fields) -> str:
    """Who did it; where nobody says, the session stands for its shopper."""
    return str(event.get("shopper", event["session"]))


def shown_by(event: Fields) -> list[tuple[int, str, float | None]]:
    """Position from 1, item and propensity of what an impression showed."""
    items = event.get("items", [event["item"]] if "item" in event else [])
    chances = event.get("propensities") or [None] * len(items)
    return [(place, str(item), chances[place - 1]) for place, item in enumerate(items, 1)]


def seconds(at: float) -> str:
    """A time in seconds, as short as it can be told."""
    return str(int(at)) if at == int(at) else repr(float(at))


def iso(at: float) -> str:
    """A time as ISO 8601 in UTC, to the millisecond; DataError for a year beyond 9999."""
    try:
        told = EPOCH + timedelta(milliseconds=round(1000 * at))
    except OverflowError:
        raise DataError(
            f"the time {at:.15g} lies beyond what a date can say; --format jsonl or csv keeps it"
        ) from None
    return told.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(word: str, forbidden: str, name: str) -> str:
    """A name that a format without quotes can hold; DataError for one that it cannot."""
    if not word or any(sign in forbidden for sign in word):
        raise DataError(
            f"{name} cannot hold the name {word[:40]!r}: it has no quotes;"
            " --format csv, parquet or jsonl can"
        )
    return word
