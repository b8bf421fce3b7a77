"""Load with random kills for long: memory, Redis keys and the write-ahead log stay flat.

SOAK_MINUTES sets how long; the claim of half an hour is `SOAK_MINUTES=30 pytest
tests/faults/test_soak.py`.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import pytest
from sqlalchemy import Engine

from tests.faults import lane
from tests.faults.account import Account, Tale
from tests.faults.backlog import Backlog
from tests.faults.harness import drained, storm
from tests.faults.lane import short_or_whole
from tests.faults.levels import Level, highest, look, note
from tests.faults.outside import AllButTheOldest, Outside, up

Accounts = Callable[..., Account]
MINUTES = float(os.environ.get("SOAK_MINUTES", short_or_whole(0.4, 3)))
ROUND_SECONDS = 5.0
"""A round of work begins so often: a load that a machine bears beside other things."""
BETWEEN_KILLS = (2.0, 8.0)
MINUTES_BETWEEN_LOOKS = 0.98
REDIS_DIES = 0.03
"""In this share of the rounds."""
WAL_BYTES = 64 * 2**20
MOST_GROWTH = 1.25
"""The last third's highest against the first third's: a leak of a round is beyond it after a few
minutes.
"""
SLACK_KILOBYTES = 20_000
SLACK_KEYS = 50


@pytest.mark.timeout(60 * MINUTES + 600)
def test_soak(stocked: Engine, tale: Tale, accounts: Accounts) -> None:
    """A run is told, audited and forgotten, again and again, while workers and Redis are killed."""
    account = accounts(2, f"soak: {MINUTES:g} min of load and kills, levels flat", stocked, times=0)
    began = time.monotonic()
    levels = []
    with (
        up(stocked, workers=3) as outside,
        storm(AllButTheOldest(outside), seed=lane.SEED, pause=BETWEEN_KILLS) as raging,
        Timers(outside) as timers,
    ):
        while not levels or levels[-1].minute < MINUTES:
            next_round = time.monotonic() + ROUND_SECONDS
            account.times += 1
            timers.wind_up()
            backlog = told(outside, tale, account)
            since = levels[-1].minute if levels else 0.0
            now = (time.monotonic() - began) / 60
            if account.times <= 2 or now > min(since + MINUTES_BETWEEN_LOOKS, MINUTES):
                done = {"rounds": account.times, "kills": raging.kills, "redis_kills": timers.kills}
                levels.append(look(outside, began=began, **done))
                note(levels[-1], account.database)
            backlog.forget()
            time.sleep(max(0.0, next_round - time.monotonic()))  # the load is the fault
    account.kills = raging.kills + timers.kills
    assert raging.kills, "nobody was killed"
    assert_flat(levels, is_sqlite=account.database == "sqlite")
    late = highest(levels[-max(1, len(levels) // 3) :])
    account.what += (
        f" (workers {late.worker // 1000} MB, {late.keys} keys, WAL {late.wal / 2**20:.1f} MB)"
    )


def told(outside: Outside, tale: Tale, account: Account) -> Backlog:
    """Everything once, partly twice; nothing lost, nothing double."""
    rng = random.Random(account.times + lane.SEED)
    backlog = Backlog(outside.engine, tale, outside, rng, copies=2)
    backlog.tell()
    account.drained(drained(outside.engine))
    account.audit(outside.engine, tale, acknowledged=backlog.places, offered=backlog.offered)
    return backlog


class Timers:
    """Kill the Valkey now and then, somewhere in a round."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.kills = 0
        self._rng = random.Random(lane.SEED)
        self._timer = threading.Timer(0.0, self._kill)

    def wind_up(self) -> None:
        """For this round, perhaps."""
        if self._rng.random() < REDIS_DIES:
            self._timer = threading.Timer(self._rng.uniform(0.0, 3.0), self._kill)
            self._timer.start()

    def _kill(self) -> None:
        with suppress(StopIteration, ProcessLookupError):  # its guard is being replaced
            if pid := self.outside.valkey:
                os.kill(pid, signal.SIGKILL)
                self.kills += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def assert_flat(levels: list[Level], *, is_sqlite: bool) -> None:
    """The last third stands no higher than the first, but for some slack."""
    third = max(1, len(levels) // 3)
    early = highest(levels[:third])
    late = highest(levels[-third:])
    assert late.keys <= early.keys * MOST_GROWTH + SLACK_KEYS
    for name in ("supervisor", "worker", "valkey"):
        assert getattr(late, name) <= getattr(early, name) * MOST_GROWTH + SLACK_KILOBYTES, name
    if (
        is_sqlite
    ):  # that of a Postgres belongs to its server, and is kept as long as it is set to be
        assert late.wal < WAL_BYTES
