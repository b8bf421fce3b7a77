"""Good events one by one, as whoever writes them down again wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from db.events import Kind
from simulator.logs.reading.arrays.events import LogEvents


class LogLine(NamedTuple):
    """One good line."""

    number: int
    kind: Kind
    shopper: str
    """Empty where there is none."""
    session: str
    time: float
    """Seconds."""
    item: str
    """Empty where there is none."""
    text: str = ""
    """The line as our own JSON has it."""


def of(events: LogEvents) -> Iterator[LogLine]:
    """The events in the order of the file."""
    words = [[*names.texts(), ""] for names in (events.shopper, events.session, events.item)]
    shoppers, sessions, items = words
    rows = zip(
        events.line.tolist(),
        events.kind.tolist(),
        events.shopper.codes.tolist(),
        events.session.codes.tolist(),
        events.time.tolist(),
        events.item.codes.tolist(),
        strict=True,
    )
    for row, (line, kind, shopper, session, time, item) in enumerate(rows):
        text = events.texts.get(row, "")
        yield LogLine(
            line, Kind(kind), shoppers[shopper], sessions[session], time, items[item], text
        )
