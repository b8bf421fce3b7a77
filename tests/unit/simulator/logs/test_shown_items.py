"""A click belongs to the last slate before it that shows its item."""

from __future__ import annotations

import json

from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.logs.shown_items import shown_items


def lines(*events: dict[str, object]) -> bytes:
    """Our own JSON, one event a second in one visit."""
    common = {"shopper": 1, "session": 1}
    return "".join(
        json.dumps({**common, "at": at, **one}) + "\n" for at, one in enumerate(events)
    ).encode()


def test_a_click_counts_for_the_last_slate_that_showed_its_item() -> None:
    """A click before any slate, and one on what no slate showed, count nowhere."""
    log = reading.given(
        lines(
            {"kind": "click", "item": "a"},
            {"kind": "impression", "items": ["a", "b"]},
            {"kind": "click", "item": "a"},
            {"kind": "impression", "items": ["b", "a"]},
            {"kind": "click", "item": "a"},
            {"kind": "click", "item": "z"},
        ),
        Notes("log"),
    )
    found = shown_items(log)
    assert found.row.tolist() == [1, 1, 3, 3]
    assert found.place.tolist() == [0, 1, 0, 1]
    assert found.clicks.tolist() == [1, 0, 0, 1]
