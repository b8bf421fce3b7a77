"""What a guest is told: the session so far, the day that is over, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from db.events import Events, Kind, blank
from workers.guests import tables

ON_SALE = np.ones(10, np.bool_)
SEARCHED = 100


@pytest.fixture
def events() -> Events:
    """Session 4 searches, sees two items, clicks one, opens it; session 9 only searches."""
    rows = blank(7)
    rows["session"] = [4, 4, 4, 4, 9, 9, 9]
    rows["ordinal"] = [0, 1, 2, 3, 0, 1, 2]
    rows["shopper"] = [4, 4, 4, 4, 2, 2, 2]
    rows["kind"] = [
        *(Kind.SEARCH, Kind.IMPRESSION, Kind.CLICK, Kind.VIEW),
        *(Kind.SEARCH, Kind.IMPRESSION, Kind.LEAVE),
    ]
    rows["step"] = [0, 0, 0, 1, 0, 0, 0]
    rows["at"] = [0, 1500, 2500, 4000, 0, 100, 200]
    rows["query"] = [SEARCHED, SEARCHED, SEARCHED, 5, SEARCHED + 1, SEARCHED + 1, -1]
    rows["item"][2] = 5
    rows["position"][2] = 2
    return Events(rows, np.array([[3, 5], [7, -1]], np.int32))


def test_a_request_knows_its_session_so_far(events: Events) -> None:
    """Not itself, no other session, and no slate that was not shown yet."""
    asked = tables.requests(events, np.array([4]), 1, ON_SALE)
    (row,) = asked.table.to_pylist()
    assert (row["session"], row["shopper"], row["step"], row["query"]) == (4, 4, 1, 5)
    assert [(one["kind"], one["item"], one["position"]) for one in row["history"]] == [
        ("search", SEARCHED, None),
        ("click", 5, 2),
    ]
    assert row["shown"] == [3, 5]
    assert np.flatnonzero(~asked.allowed[0]).tolist() == [3, 5]
    rows, items = asked.profile
    assert (rows.tolist(), items.tolist()) == ([0, 0, 0], [SEARCHED, 5, 5])


def test_a_first_request_knows_its_query(events: Events) -> None:
    """And has an empty history."""
    asked = tables.requests(events, np.array([4, 9]), 0, ON_SALE)
    assert asked.query.tolist() == [SEARCHED, SEARCHED + 1]
    assert asked.table["history"].to_pylist() == [[], []]
    assert asked.allowed.all()


def test_a_day_is_its_slates_and_its_events(events: Events) -> None:
    """Times in seconds, what is absent is null, padding is left out."""
    day = tables.day(3, events)
    assert day.day == 3
    assert day.slates["items"].to_pylist() == [[3, 5], [7]]
    told = day.events.to_pylist()
    assert [one["kind"] for one in told] == ["search", "click", "view", "search", "leave"]
    assert (told[1]["at"], told[1]["item"], told[1]["position"]) == (2.5, 5, 2)
    assert told[0]["item"] is None
    assert told[-1]["query"] is None
