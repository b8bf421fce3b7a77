"""Reads one object of the JSON that others write: OTTO, GA4, Segment, UBI 1.3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.events import Kind
from simulator.logs.reading.shapes.kinds import ALIASES, plain
from simulator.logs.reading.tables.own_json import BadLineError, JsonEvent, Parse, word


def otto(fields: dict[str, Any]) -> list[JsonEvent]:
    """A session a line: {"session", "events": [{"aid", "ts", "type"}]}."""
    events = fields.get("events")
    session = word("session", fields.get("session"))
    if not isinstance(events, list) or session is None:
        raise BadLineError("wanted a session with its events", "no events")
    return [_otto(session, one) for one in events]


def _otto(session: str, one: Any) -> JsonEvent:
    if not isinstance(one, dict):
        raise BadLineError("wanted events with aid, ts and type", "no events")
    time = word("time", one.get("ts"))
    return JsonEvent(word("kind", one.get("type")), None, session, time, word("item", one["aid"])
                     if "aid" in one else None)  # fmt: skip


def ga4(fields: dict[str, Any]) -> list[JsonEvent]:
    """An event of BigQuery's export: event_params and items are lists."""
    kind = word("kind", fields.get("event_name"))
    shopper = word("shopper", fields.get("user_pseudo_id")) or word(
        "shopper", fields.get("user_id")
    )
    params = {
        one.get("key"): one.get("value")
        for one in _list(fields.get("event_params"))
        if isinstance(one, dict)
    }
    session = params.get("ga_session_id", fields.get("ga_session_id"))
    if isinstance(session, dict):
        session = next((one for one in session.values() if one is not None), None)
    time = word("time", fields.get("event_timestamp"))
    items = [
        word("item", one.get("item_id") or one.get("item_name"))
        for one in _list(fields.get("items"))
        if isinstance(one, dict)
    ]
    one = JsonEvent(kind, shopper, word("session", session), time, None)
    return _spread(one, items)


def segment(fields: dict[str, Any]) -> list[JsonEvent]:
    """A call of Segment's; its e-commerce events are tracks."""
    properties = _dict(fields.get("properties"))
    context = _dict(fields.get("context"))
    call = word("kind", fields.get("type")) or "track"
    kind = word("kind", fields.get("event")) if call == "track" else call
    shopper = word("shopper", fields.get("anonymousId")) or word("shopper", fields.get("userId"))
    sessions = (
        properties.get("session_id"),
        context.get("sessionId"),
        context.get("session_id"),
    )
    session = word("session", next((one for one in sessions if one is not None), None))
    times = (fields.get(name) for name in ("timestamp", "originalTimestamp", "sentAt"))
    time = word("time", next((one for one in times if one is not None), None))
    products = [_dict(one) for one in _list(properties.get("products"))] or [properties]
    items = [
        word("item", one.get("product_id") or one.get("productId") or one.get("sku"))
        for one in products
    ]
    return _spread(JsonEvent(kind, shopper, session, time, None), items)


def ubi(fields: dict[str, Any]) -> list[JsonEvent]:
    """An event of User Behavior Insights 1.3; its object is what was acted on."""
    object_ = _dict(_dict(fields.get("event_attributes")).get("object"))
    item = object_.get("object_id", object_.get("internal_id"))
    one = JsonEvent(
        word("kind", fields.get("action_name")),
        word("shopper", fields.get("client_id")),
        word("session", fields.get("session_id")),
        word("time", fields.get("timestamp")),
        None,
    )
    return _spread(one, [word("item", item)])


SHAPES: Mapping[str, Parse] = {"otto": otto, "ga4": ga4, "segment": segment, "ubi": ubi}


def shape_of(fields: Mapping[str, Any]) -> str | None:
    """Whose object this is; None where it is ours or a plain row."""
    if "session" in fields and "events" in fields:
        return "otto"
    if "event_name" in fields and "event_timestamp" in fields:
        return "ga4"
    if "action_name" in fields:
        return "ubi"
    if "anonymousId" in fields or ("event" in fields and "properties" in fields):
        return "segment"
    return None


def _spread(one: JsonEvent, items: list[str | None]) -> list[JsonEvent]:
    """An event an item; what was searched with is a text and never an item."""
    if ALIASES.get(plain(one.kind or "")) in {Kind.SEARCH, Kind.LEAVE} or not items:
        return [one]
    return [one._replace(item=item) for item in items]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
