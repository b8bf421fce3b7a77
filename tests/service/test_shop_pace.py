"""The live stream while ten thousand events a second come in: bounded, not behind, without a
gap.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
from sqlalchemy import Connection, Engine

from db import cointeractions, event_log, runs
from db.cointeractions import Generation
from db.engine import read_transaction, write_transaction
from db.events import Events, Kind, blank
from tests.installation import Installation, Installer
from tests.service.test_shop_process import is_ready, serving, wait_until

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
pytestmark = [pytest.mark.service, pytest.mark.thorough, on_linux]

RATE = 10_000
BATCH = 500
SECONDS = 20.0
WARM_SECONDS = 4.0
MOST_GROWTH = 24
"""MB: what is kept is three minutes of samples, however many events they stand for."""
LATEST = 3.0
"""Seconds from an event's commit to the sample that counts it."""
PER_SESSION = 10
BATCHES_A_DAY = 20
SHOPPERS = BATCHES_A_DAY * BATCH // PER_SESSION
FIRST_SESSION = 10_000 * SHOPPERS


@pytest.fixture(scope="module")
def made(installed: Installer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation in which nothing was played."""
    return installed(tmp_path_factory.mktemp("pace") / "shop")


@dataclass
class Offering:
    """Events come in at a rate, in transactions of a twentieth of a second."""

    engine: Engine
    run: int
    committed: list[tuple[float, int]] = field(default_factory=list)
    """(seconds since 1970, events so far)"""
    over: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        """Until somebody says that it is over; each batch when it is due."""
        began = time.time()
        while not self.over.is_set():
            number = len(self.committed)
            with write_transaction(self.engine) as conn:
                event_log.append(conn, self.run, batch(number))
                if (number + 1) % BATCHES_A_DAY == 0:
                    fold(conn, self.run, number // BATCHES_A_DAY)
            self.committed.append((time.time(), (number + 1) * BATCH))
            self.over.wait(max(0.0, began + (number + 1) * BATCH / RATE - time.time()))

    def by(self, moment: float) -> int:
        """How many had been committed."""
        return max((events for at, events in list(self.committed) if at <= moment), default=0)


def batch(number: int) -> Events:
    """Sessions of a search, its slate and eight clicks."""
    rows = blank(BATCH)
    place = np.arange(BATCH) % PER_SESSION
    rows["session"] = FIRST_SESSION + (number * BATCH + np.arange(BATCH)) // PER_SESSION
    rows["ordinal"] = place
    rows["kind"] = np.array([Kind.SEARCH, Kind.IMPRESSION, *[Kind.CLICK] * 8])[place]
    rows["shopper"] = rows["session"] % SHOPPERS
    rows["at"] = place
    for name in ("query", "item", "position", "impression"):
        rows[name] = 1
    return Events(rows, np.tile(np.arange(10, dtype=np.int32), (BATCH // PER_SESSION, 1)))


def fold(conn: Connection, run: int, day: int) -> None:
    """A day is over, as in any simulation: a generation of its sessions."""
    first = FIRST_SESSION + day * SHOPPERS
    cointeractions.end_sessions(conn, run, np.arange(first, first + SHOPPERS), day)
    cointeractions.add(conn, run, Generation(day, SHOPPERS, "{}", b""), [])


def samples(client: httpx.Client, run: str, last: str = "") -> Iterator[tuple[int, float, dict]]:
    """The samples of a stream: number, when it came, what it says."""
    headers = {"last-event-id": last} if last else {}
    data: dict = {}
    with client.stream("GET", f"/api/v1/stream/{run}", headers=headers) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
            elif line.startswith("id: "):
                yield int(line.removeprefix("id: ")), time.time(), data


def megabytes(pid: int) -> float:
    """What a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.timeout(180)
def test_ten_thousand_events_a_second_are_shown_as_they_come(made: Installation) -> None:
    """For twenty seconds, with a break of three: the samples number on and come each second, each
    counts what had been committed 3 s before it came, and the server holds no more than before.
    """
    engine = made.engine()
    with serving(made) as (process, client):
        wait_until(lambda: is_ready(client), "the shop opens")
        with read_transaction(engine) as conn:
            (live,) = (one for one in runs.every(conn) if one.config.get("kind") == "live")
        offering = Offering(engine, live.number)
        thread = threading.Thread(target=offering.go_on)
        thread.start()
        try:
            seen = watched(client, live.id, WARM_SECONDS)
            before = megabytes(process.pid)
            seen += watched(client, live.id, SECONDS / 2 - WARM_SECONDS, seen[-1][0])
            offering.over.wait(3.0)
            seen += watched(client, live.id, SECONDS / 2, seen[-1][0])
            grown = megabytes(process.pid) - before
        finally:
            offering.over.set()
            thread.join()
        told = f"{offering.committed[-1][1]:,} events, {len(seen)} samples, {grown:.1f} MB more"
        assert offering.committed[-1][1] > 0.9 * RATE * SECONDS, told
        numbers = [number for number, _, _ in seen]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), told
        fresh = [one for one in seen if one[1] - one[2]["at"] < 1.0]  # not told after the break
        late = [when for _, when, data in fresh if data["events"] < offering.by(when - LATEST)]
        assert len(fresh) >= SECONDS / 2, told
        assert late == [], told
        assert np.median(np.diff([data["at"] for _, _, data in seen])[-8:]) < 1.5, told
        assert grown < MOST_GROWTH, told
    engine.dispose()


def watched(
    client: httpx.Client, run: str, seconds: float, last: int | None = None
) -> list[tuple[int, float, dict]]:
    """What a stream says in so many seconds; then it breaks."""
    found: list[tuple[int, float, dict]] = []
    until = time.time() + seconds
    for one in samples(client, run, "" if last is None else str(last)):
        found.append(one)
        if one[1] >= until:
            break
    return found
