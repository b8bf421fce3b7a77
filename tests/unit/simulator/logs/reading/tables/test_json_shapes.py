"""JSON of others: OTTO, GA4, Segment, UBI 1.3, and rows of a table as objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.log_dialects import read

GA4: dict[str, Any] = {
    "event_name": "add_to_cart",
    "event_timestamp": "1612069510766593",
    "user_pseudo_id": "u.1",
    "event_params": [{"key": "ga_session_id", "value": {"int_value": "77"}}],
    "items": [{"item_id": "a"}, {"item_id": "b"}],
}
SEGMENT: dict[str, Any] = {
    "type": "track",
    "event": "Product Viewed",
    "anonymousId": "anon",
    "userId": None,
    "timestamp": "2024-01-01T00:00:00.000Z",
    "properties": {"product_id": "sku-1"},
}
UBI: dict[str, Any] = {
    "action_name": "click",
    "client_id": "c",
    "session_id": "s",
    "timestamp": "2024-01-01T00:00:01Z",
    "user_query": "red shoes",
    "event_attributes": {"object": {"object_id": "sku-1"}},
}
NEW_YEAR = 1704067200.0

SHAPES: dict[str, tuple[str, list[dict[str, Any]], list[tuple[Any, ...]]]] = {
    "OTTO": (
        "otto",
        [
            {
                "session": 42,
                "events": [
                    {"aid": 0, "ts": 1661200010000, "type": "clicks"},
                    {"aid": 1, "ts": 1661200020000, "type": "orders"},
                ],
            }
        ],
        [
            ("click", "", "42", 1661200010.0, "0"),
            ("purchase", "", "42", 1661200020.0, "1"),
        ],
    ),
    "GA4": (
        "ga4",
        [GA4, {**GA4, "event_name": "scroll"}, {**GA4, "event_name": "my_own_event"}],
        [
            ("cart", "u.1", "77", 1612069510.766593, "a"),
            ("cart", "u.1", "77", 1612069510.766593, "b"),
        ],
    ),
    "Segment": (
        "segment",
        [
            SEGMENT,
            {**SEGMENT, "event": "Products Searched", "properties": {"query": "red shoes"}},
            {
                **SEGMENT,
                "event": "Order Completed",
                "timestamp": "2024-01-01T00:00:09Z",
                "properties": {"products": [{"product_id": "sku-1"}, {"sku": "sku-2"}]},
            },
            {"type": "identify", "anonymousId": "anon", "timestamp": "2024-01-01T00:00:10Z"},
        ],
        [
            ("view", "anon", "1", NEW_YEAR, "sku-1"),
            ("search", "anon", "1", NEW_YEAR, ""),
            ("purchase", "anon", "1", NEW_YEAR + 9, "sku-1"),
            ("purchase", "anon", "1", NEW_YEAR + 9, "sku-2"),
        ],
    ),
    "UBI": (
        "ubi",
        [UBI, {**UBI, "action_name": "search", "event_attributes": {}}],
        [
            ("click", "c", "s", NEW_YEAR + 1, "sku-1"),
            ("search", "c", "s", NEW_YEAR + 1, ""),
        ],
    ),
    "RetailRocket's rows": (
        "retailrocket",
        [{"timestamp": 1433221332117, "visitorid": 5, "event": "view", "itemid": 355908.0}],
        [("view", "5", "1", 1433221332.117, "355908")],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_an_object_is_known_by_its_keys(name: str) -> None:
    """And read as meant; a text query is never an item."""
    preset, objects, wanted = SHAPES[name]
    found, notes = read("".join(f"{json.dumps(one)}\n" for one in objects))
    assert found == wanted
    assert (notes.format, notes.skipped) == (preset, [])


def test_other_kinds_of_events_are_set_aside_and_counted() -> None:
    """Known ones and those that somebody made up."""
    _, notes = read("".join(f"{json.dumps(one)}\n" for one in SHAPES["GA4"][1]))
    assert dict(notes.set_aside) == {"scroll": 2, "my_own_event": 2}


@pytest.mark.parametrize("name", ["OTTO", "GA4", "Segment", "UBI"])
@pytest.mark.parametrize("line", ["{}", "[]", "{", '{"session": [], "events": 3}', '"x"', "\x00"])
def test_a_broken_object_costs_its_own_line(name: str, line: str) -> None:
    """Named by its number, the others stay."""
    preset, objects, wanted = SHAPES[name]
    text = "".join(f"{json.dumps(one)}\n" for one in objects)
    found, notes = read(f"{text}{line}\n{text}".replace("\n\n", "\n"), format_=preset)
    assert [one for one in found if one in wanted] == wanted
    assert [one.line for one in notes.skipped] == [len(objects) + 1]
    assert notes.duplicates == len(wanted)
