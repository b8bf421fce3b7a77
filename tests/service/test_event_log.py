"""The event log on both databases."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from db import event_log, runs
from db.engine import read_transaction, write_transaction
from db.errors import DataError
from db.events import Events, Kind, blank

pytestmark = pytest.mark.service


def two_sessions() -> Events:
    """A search, an impression and a click in session 5; a search in session 9."""
    rows = blank(4)
    rows["session"] = [5, 5, 5, 9]
    rows["ordinal"] = [0, 1, 2, 0]
    rows["kind"] = [Kind.SEARCH, Kind.IMPRESSION, Kind.CLICK, Kind.SEARCH]
    rows["at"] = [10, 20, 30, 15]
    rows["query"] = [7, 7, 7, 8]
    rows["item"][2] = 3
    rows["position"][2] = 2
    rows["impression"][2] = 1
    rows["dwell"][2] = 900
    return Events(rows, np.array([[4, 3, -1]], np.int32))


def a_run(engine: Engine) -> int:
    """The number of an empty run."""
    with write_transaction(engine) as conn:
        return runs.open_run(conn, {"policy": "random"}).number


def test_what_is_appended_is_read_back_as_it_was(engine: Engine) -> None:
    """Absent fields stay absent and slates keep their padding."""
    run = a_run(engine)
    events = two_sessions()
    with write_transaction(engine) as conn:
        event_log.append(conn, run, events)
    with read_transaction(engine) as conn:
        found = event_log.read(conn, run, k=3)
    assert found.rows.tolist() == events.rows.tolist()
    assert found.shown.tolist() == [[4, 3, -1]]


def test_every_column_holds_what_it_can_hold(engine: Engine) -> None:
    """Numbers are read packed: the smallest and the greatest of each field come back, beside each
    other.
    """
    run = a_run(engine)
    rows = blank(3)
    rows["kind"] = Kind.CLICK
    rows["session"] = [-(2**62), 0, 2**62]
    rows["at"] = [-9 * 10**15, 0, 9 * 10**15]
    for name in ("ordinal", "shopper", "query", "item", "impression", "dwell"):
        rows[name] = [0, 0, 2**31 - 1]
    for name in ("step", "position"):
        rows[name] = [0, 0, 2**15 - 1]
    with write_transaction(engine) as conn:
        event_log.append(conn, run, Events(rows, np.zeros((0, 3), np.int32)))
    with read_transaction(engine) as conn:
        found = event_log.read(conn, run, k=3)
    assert found.rows.tolist() == rows.tolist()


def test_the_same_events_twice_are_stored_once(engine: Engine) -> None:
    """An event's place is its identity."""
    run = a_run(engine)
    for _ in range(2):
        with write_transaction(engine) as conn:
            event_log.append(conn, run, two_sessions())
    with read_transaction(engine) as conn:
        assert event_log.count(conn, run) == {Kind.SEARCH: 2, Kind.IMPRESSION: 1, Kind.CLICK: 1}


def test_a_batch_of_sessions_is_read_without_its_neighbours(engine: Engine) -> None:
    """A range of the key is read, but only the sessions asked for come back."""
    run = a_run(engine)
    with write_transaction(engine) as conn:
        event_log.append(conn, run, two_sessions())
    with read_transaction(engine) as conn:
        found = event_log.read_sessions(conn, run, np.array([4, 9]), up_to_step=0, k=3)
    assert found.rows["session"].tolist() == [9]
    assert found.shown.shape == (0, 3)


@pytest.mark.parametrize(("column", "value"), [("query", 9), ("item", -2), ("kind", 8)])
def test_events_that_name_what_a_run_does_not_have_are_damaged(column: str, value: int) -> None:
    """Said in one line; those of the run itself pass."""
    events = two_sessions()
    event_log.require_known("abc", events, n_items=9)
    events.rows[column][2] = value
    with pytest.raises(DataError, match=r"the events of run abc are damaged: .* --again"):
        event_log.require_known("abc", events, n_items=9)


def test_a_list_with_an_item_that_is_none_is_damage() -> None:
    """It is read as bytes, which any bits are: what was shown, and what was stored beside it."""
    events = two_sessions()
    events.shown[0, 1] = 1 << 27
    with pytest.raises(DataError, match="damaged"):
        event_log.require_known("abc", events, n_items=9)
    with pytest.raises(DataError, match="damaged"):
        event_log.require_known("abc", two_sessions(), n_items=9, slates=np.array([[3, 9]]))
