"""Events as rows of a table: an item a row, so that an impression becomes a row an item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from simulator.playing.export_formats.contents import ExportedLog, Fields, item_of, shown_by


class FlatRow(NamedTuple):
    """A row; the first five columns are those that `evaluate-log` knows. None where nothing is."""

    shopper: str | None
    session: str
    time: float
    """Seconds."""
    item: str | None
    kind: str
    step: int | None = None
    """0-based number of the slate in its session."""
    query: str | None = None
    """What was searched with."""
    position: int | None = None
    """1-based."""
    price: float | None = None
    dwell: float | None = None
    """Seconds."""
    event_id: str | None = None
    """The rows of one impression share it."""
    impression: str | None = None
    """Id of the event that showed the item."""
    propensity: float | None = None
    """Probability of the item to stand at its place."""


def columns(log: ExportedLog) -> tuple[str, ...]:
    """The names; propensities are the last one, where somebody asked for them."""
    return FlatRow._fields if log.has_propensities else FlatRow._fields[:-1]


def rows(log: ExportedLog) -> Iterator[FlatRow]:
    """All rows, in the order of the events; an impression of nothing has none."""
    for event in log.events():
        row = _row(event)
        if event["kind"] != "impression":
            yield row
            continue
        for position, item, chance in shown_by(event):
            yield row._replace(item=item, position=position, propensity=chance)


def _row(event: Fields) -> FlatRow:
    return FlatRow(
        shopper=_text(event.get("shopper")),
        session=str(event["session"]),
        time=event["at"],
        item=item_of(event),
        kind=event["kind"],
        query=_text(event.get("query")),
        event_id=_text(event.get("event_id")),
        impression=_text(event.get("impression")),
        **{name: event.get(name) for name in ("step", "position", "price", "dwell")},
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
