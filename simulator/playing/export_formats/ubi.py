"""Events of User Behavior Insights 1.3, one JSON object a line and one item an object.

Source: https://www.ubisearch.dev, event schema 1.3.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from simulator.playing.export_formats.contents import (
    ExportedLog,
    Fields,
    iso,
    item_of,
    shopper_of,
    shown_by,
)
from simulator.playing.export_formats.json_lines import line

MESSAGE_TYPES = {
    "search": "QUERY",
    "impression": "IMPRESSION",
    "cart": "CONVERSION",
    "purchase": "CONVERSION",
}
"""What is none of these is a CLICK_THROUGH, or INFO where it is about nothing."""


def write(log: ExportedLog, out: TextIO) -> int:
    """All events; those of an impression share a `query_id` with what was done with them."""
    written = 0
    for event in log.events():
        for fields in _objects(event):
            out.write(line(fields) + "\n")
            written += 1
    return written


def _objects(event: Fields) -> Iterator[Fields]:
    if event["kind"] == "impression":
        for position, item, _ in shown_by(event):
            yield _object(event, item, position)
    else:
        yield _object(event, item_of(event), event.get("position"))


def _object(event: Fields, item: str | None, position: int | None) -> Fields:
    kind = event["kind"]
    about: Fields = {}
    if item is not None:
        about["object"] = {"object_id": item, "object_id_field": "item_id"}
    if position is not None:
        about["position"] = {"ordinal": position}
    about |= {name: event[name] for name in ("price", "dwell") if name in event}
    otherwise = "INFO" if item is None else "CLICK_THROUGH"
    return {
        "application": "windowshop",
        "action_name": kind,
        "query_id": f"{event['session']}/{event.get('step', 0)}",
        "session_id": str(event["session"]),
        "client_id": shopper_of(event),
        "timestamp": iso(event["at"]),
        "message_type": MESSAGE_TYPES.get(kind, otherwise),
        **({"event_attributes": about} if about else {}),
    }
