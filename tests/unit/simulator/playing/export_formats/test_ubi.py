"""Events of UBI 1.3: their keys, and what ties them together."""

from __future__ import annotations

import json

import pytest

from db.errors import DataError
from simulator.playing.export_formats.contents import ExportedLog
from tests.unit.simulator.playing.export_formats.day import log, written


def test_an_act_shares_the_query_of_what_showed_it() -> None:
    """Same query_id, the ordinal where it stood, a time with its zone, a client."""
    found = [json.loads(line) for line in written(log(), "ubi").decode().splitlines()]
    shown = [one for one in found if one["action_name"] == "impression"]
    clicked = [one for one in found if one["action_name"] == "click"]
    assert [one["query_id"] for one in clicked] == ["70/0", "71/0", "72/0"]
    assert [one["query_id"] for one in shown[1::2]] == ["70/0", "71/0", "72/0"]
    assert [one["event_attributes"]["object"]["object_id"] for one in shown[1::2]] == [
        one["event_attributes"]["object"]["object_id"] for one in clicked
    ]
    assert {one["event_attributes"]["position"]["ordinal"] for one in clicked} == {2}
    assert clicked[0]["timestamp"] == "1970-01-01T00:00:03.001Z"
    assert clicked[0]["client_id"] == "7"
    leaving = next(one for one in found if one["action_name"] == "leave")
    assert "event_attributes" not in leaving


def test_a_time_that_no_date_can_say_is_one_line() -> None:
    """With the formats that keep it."""
    told = ExportedLog("log", 1, lambda: iter([{"kind": "leave", "session": 1, "at": 1e15}]))
    with pytest.raises(DataError, match="beyond what a date can say; --format jsonl or csv"):
        written(told, "ubi")
