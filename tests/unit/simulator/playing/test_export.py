"""The export: keys and their order, what is left out, how it is sorted, and ids that follow from
places.
"""

from __future__ import annotations

import json
from uuid import UUID, uuid5

import numpy as np
import pytest

from db.events import FIELDS_OF, Events, Kind, blank
from simulator.playing.export import NAMESPACE, event_id, lines

RUN = "0123456789ab"
IDS = [f"item-{number}" for number in range(6)]
ORDER = [
    *("event_id", "run", "kind", "shopper", "session", "step", "at"),
    *("query", "items", "item", "position", "impression", "price", "dwell"),
]
"""DESIGN.md, section 6."""

COMMON = ORDER[:7]
KEYS = {
    "search": [*COMMON, "query"],
    "view": [*COMMON, "query"],
    "impression": [*COMMON, "query", "items"],
    "click": [*COMMON, "query", "item", "position", "impression", "dwell"],
    "cart": [*COMMON, "query", "item", "position", "impression", "price"],
    "purchase": [*COMMON, "query", "item", "position", "impression", "price"],
    "leave": COMMON,
}


def one_of_each() -> Events:
    """A session with every kind of event, one second apart."""
    rows = blank(len(Kind))
    rows["session"] = 70
    rows["shopper"] = 7
    rows["kind"] = list(Kind)
    rows["ordinal"] = np.arange(len(Kind))
    rows["at"] = 1000 * np.arange(len(Kind)) + 1
    for row in rows:
        filled = {
            "query": 5,
            "item": 2,
            "position": 3,
            "impression": 2,
            "price": 1999,
            "dwell": 2500,
        }
        for name in set(filled) & set(FIELDS_OF[Kind(int(row["kind"]))]):
            row[name] = filled[name]
    return Events(rows, np.array([[4, 1, 2, -1]], np.int32))


def exported(events: Events) -> list[dict[str, object]]:
    """The lines as objects; a dict keeps the order of its keys."""
    return [json.loads(line) for line in lines(RUN, events, IDS)]


@pytest.mark.parametrize("place", range(len(Kind)), ids=[kind.name.lower() for kind in Kind])
def test_each_kind_has_its_keys_in_the_order_of_the_format(place: int) -> None:
    """Absent is left out, never null."""
    found = exported(one_of_each())[place]
    assert list(found) == KEYS[str(found["kind"])]
    assert list(found) == [key for key in ORDER if key in found]
    assert None not in found.values()


def test_numbers_are_told_in_their_units() -> None:
    """Milliseconds become seconds, cents become money, item numbers become ids, padding nothing."""
    found = {event["kind"]: event for event in exported(one_of_each())}
    assert found["view"]["at"] == 1.001
    assert found["cart"]["price"] == 19.99
    assert found["click"]["dwell"] == 2.5
    assert found["search"]["query"] == "item-5"
    assert found["impression"]["items"] == ["item-4", "item-1", "item-2"]
    assert (found["click"]["item"], found["click"]["position"]) == ("item-2", 3)


def test_propensities_stand_behind_the_items_if_they_are_asked_for() -> None:
    """In impressions alone; null where nothing is known, and no key where nobody asked."""
    events = one_of_each()
    chances = {(70, 0): [0.5, None, 0.25]}
    found = [json.loads(line) for line in lines(RUN, events, IDS, chances)]
    with_them = [event for event in found if "propensities" in event]
    assert [event["kind"] for event in with_them] == ["impression"]
    assert list(with_them[0]) == [*COMMON, "query", "items", "propensities"]
    assert with_them[0]["propensities"] == [0.5, None, 0.25]
    assert not [event for event in exported(events) if "propensities" in event]
    unknown = [json.loads(line) for line in lines(RUN, events, IDS, {})]
    assert unknown[list(Kind).index(Kind.IMPRESSION)]["propensities"] == [None] * 3


def test_an_action_names_the_event_that_showed_the_item() -> None:
    """`impression` is an event id of the same file."""
    found = {event["kind"]: event for event in exported(one_of_each())}
    for kind in ("click", "cart", "purchase"):
        assert found[kind]["impression"] == found["impression"]["event_id"]


def test_ids_are_uuid5_of_run_session_and_ordinal() -> None:
    """Anybody can make them again; no two places share one."""
    found = exported(one_of_each())
    assert found[3]["event_id"] == str(uuid5(NAMESPACE, f"{RUN}/70/3")) == event_id(RUN, 70, 3)
    assert {UUID(str(event["event_id"])).version for event in found} == {5}
    places = [
        (run, session, ordinal) for run in ("a", "b") for session in (1, 11) for ordinal in (1, 11)
    ]
    assert len({event_id(*place) for place in places}) == len(places)


def test_lines_are_sorted_by_time_shopper_session_and_ordinal() -> None:
    """Whatever the order of the sessions, and slates keep to their impressions."""
    rows = blank(6)
    rows["session"] = [1, 1, 2, 2, 3, 3]
    rows["ordinal"] = [0, 1, 0, 1, 0, 1]
    rows["shopper"] = [9, 9, 8, 8, 8, 8]
    rows["at"] = [50, 70, 50, 60, 50, 10]
    rows["kind"] = [Kind.SEARCH, Kind.IMPRESSION] * 3
    rows["query"] = 0
    events = Events(rows, np.array([[1], [2], [3]], np.int32))
    found = exported(events)
    assert [(event["at"], event["shopper"], event["session"]) for event in found] == [
        *((0.01, 8, 3), (0.05, 8, 2), (0.05, 8, 3), (0.05, 9, 1), (0.06, 8, 2), (0.07, 9, 1)),
    ]
    shown = {event["session"]: event["items"] for event in found if "items" in event}
    assert shown == {1: ["item-1"], 2: ["item-2"], 3: ["item-3"]}


def test_a_line_is_compact_and_in_any_script() -> None:
    """No spaces, and ids are written as they are."""
    text = next(lines(RUN, one_of_each(), ["Schühe, 靴"] * 6))
    assert '"query":"Schühe, 靴"' in text
    assert ": " not in text
