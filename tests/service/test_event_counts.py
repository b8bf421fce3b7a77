"""Counting on from fold to fold says what counting the whole log says."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from db import cointeractions, event_log, visits
from db.cointeractions import Generation
from db.engine import read_transaction, write_transaction
from db.event_counts import EventCounts
from db.events import Events, Kind, blank
from simulator.shop.opening import Premises
from tests.service.shop import NobodyWorks, ToyPremises, client_of

pytestmark = pytest.mark.service

SHOPPERS = 40
K = 10


def happens(shop: Premises, sessions: list[int], kinds: list[Kind]) -> None:
    """These sessions have these events, the first of them at ordinal 0."""
    rows = blank(len(sessions) * len(kinds))
    rows["session"] = np.repeat(sessions, len(kinds))
    rows["shopper"] = rows["session"] % SHOPPERS
    rows["ordinal"] = np.tile(np.arange(len(kinds)), len(sessions))
    rows["kind"] = np.tile(np.array(kinds), len(sessions))
    with write_transaction(shop.engine) as conn:
        event_log.append(conn, shop.live().run.number, Events(rows, np.zeros((0, K), np.int32)))


def fold(shop: Premises, sessions: list[int]) -> None:
    """A generation more, of these sessions."""
    run = shop.live().run.number
    with write_transaction(shop.engine) as conn:
        number = visits.latest_generation(conn, run) + 1
        cointeractions.end_sessions(conn, run, np.array(sorted(sessions), np.int64), number)
        cointeractions.add(conn, run, Generation(number, len(sessions), "{}", b""), [])


def agrees(shop: Premises, counts: EventCounts) -> int:
    """Both ways of counting say the same; gives how many events there are."""
    with read_transaction(shop.engine) as conn:
        found = counts.now(conn)
        assert found == event_log.count(conn, counts.run)
    return found.total()


def test_what_is_counted_on_is_what_is_there(any_engine: Engine) -> None:
    """Days of simulated shoppers who come in any order and are folded while others still come,
    and people among them; and again from the beginning.
    """
    rng = np.random.default_rng(5)
    shop = ToyPremises(any_engine, NobodyWorks())
    with client_of(shop) as client:
        counts = EventCounts(shop.live().run.number)
        assert agrees(shop, counts) == 0
        for day in range(3):
            order = (day * SHOPPERS + rng.permutation(SHOPPERS)[:24]).tolist()
            for part in range(3):
                came = order[part * 8 : part * 8 + 8]
                happens(shop, came, [Kind.SEARCH, Kind.LEAVE])
                wanted = {"item": "query-0130", "wait": 0}
                found = client.post("/api/v1/searches", json=wanted).json()
                agrees(shop, counts)
                fold(shop, came[:6] if day == 1 else came)
                told = {"kind": "leave", "search": found["search"]}
                client.post("/api/v1/events", json=told)
                agrees(shop, counts)
        assert counts.first == SHOPPERS  # on the second day not all are folded
        everything = agrees(shop, counts)
        assert everything == 3 * 24 * 2 + 9 * 2
        assert agrees(shop, EventCounts(counts.run)) == everything


def test_a_run_that_is_played_anew_is_counted_anew(sqlite: Engine) -> None:
    """Its generations begin again; what was counted before is not there any more."""
    shop = ToyPremises(sqlite, NobodyWorks())
    counts = EventCounts(shop.live().run.number)
    happens(shop, [1, 2], [Kind.SEARCH])
    fold(shop, [1, 2])
    assert agrees(shop, counts) == 2
    with write_transaction(sqlite) as conn:
        for table in ("event", "ended_session", "generation"):
            conn.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - of ours
    happens(shop, [3], [Kind.SEARCH])
    assert agrees(shop, counts) == 1
