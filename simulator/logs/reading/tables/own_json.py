"""Reads one line of our own JSON, as `windowshop events export` writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from db.events import Kind
from simulator.logs.reading.shapes.kinds import KINDS, unknown

WITH_QUERY = frozenset({Kind.SEARCH, Kind.VIEW})


class BadLineError(ValueError):
    """A line that is left out. kind: of reason."""

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.kind = kind


class JsonEvent(NamedTuple):
    """What one object says; None where it says nothing. slate: of an impression."""

    kind: str | None
    shopper: str | None
    session: str | None
    time: float | str | None
    item: str | None
    slate: list[str] | None = None


class SeenEvents:
    """Events that came already: by their id, or slates without one by their text."""

    def __init__(self) -> None:
        self._ids: dict[str, tuple[int, int]] = {}

    def is_double(self, fields: dict[str, Any], number: int, text: str) -> bool:
        """The same event once more; BadLineError when another one has its id."""
        if "event_id" in fields:
            key = str(fields["event_id"])
        elif "items" in fields:
            key = "\n" + text
        else:
            return False
        first = self._ids.setdefault(key, (number, hash(text)))
        if first[0] == number:
            return False
        if first[1] == hash(text):
            return True
        raise BadLineError(
            f"the event {key[:40]!r} stands on line {first[0]} already", "event id twice"
        )


def event(fields: dict[str, Any]) -> JsonEvent:
    """The event of an object; BadLineError when it lacks something."""
    missing = [name for name in ("kind", "session", "at") if name not in fields]
    if missing:
        raise BadLineError(f"the key {missing[0]!r} is missing", "key missing")
    kind = KINDS.get(str(fields["kind"]).lower())
    if kind is None:
        raise BadLineError(unknown(str(fields["kind"])), "unknown kind")
    named = fields.get("query", fields.get("item")) if kind in WITH_QUERY else fields.get("item")
    at = fields["at"]
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise BadLineError(f"the time {str(at)[:40]!r} is no number of seconds", "no time")
    slate = fields.get("items") if kind is Kind.IMPRESSION else None
    return JsonEvent(
        kind.name.lower(),
        word("shopper", fields.get("shopper")),
        word("session", fields.get("session")),
        seconds(at),
        word("item", named),
        [one for one in (word("item", item) for item in slate) if one]
        if isinstance(slate, list)
        else None,
    )


def seconds(at: float) -> float:
    """A number that may be as long as JSON likes."""
    try:
        return float(at)
    except OverflowError:
        raise BadLineError(
            f"the time {str(at)[:40]!r} is no number of seconds", "no time"
        ) from None


def word(name: str, value: Any) -> str | None:
    """A name as text; numbers are names too."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadLineError(f"the {name} is neither text nor a number", f"no {name}")
    text = str(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadLineError(f"the {name} holds half a character", f"no {name}") from None
    return text


Parse = Callable[[dict[str, Any]], list[JsonEvent]]
