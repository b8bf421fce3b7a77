"""Load with random kills for long: memory, Redis keys and the write-ahead log stay flat.

SOAK_MINUTES sets how long; the claim of half an hour is `SOAK_MINUTES=30 pytest tests/faults/test_soak.py`.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from tests import factories
from tests.faults import lane
from tests.faults.account import Account, Tale
from tests.faults.backlog import Backlog
from tests.faults.harness import drained, redis_of, storm, supervised
from tests.faults.lane import short_or_whole
from workers.supervisor import Supervisor

Accounts = Callable[..., Account]
MINUTES = float(os.environ.get("SOAK_MINUTES", short_or_whole(0.5, 5)))
WAL_BYTES = 64 * 2**20
MOST_GROWTH = 1.25
"""The last third's highest against the first third's: a leak of a round is beyond it after a few minutes."""
SLACK_KILOBYTES, SLACK_KEYS = 20_000, 50


class Level(NamedTuple):
    """What stands after a round."""

    kilobytes: int  # of the largest worker
    own_kilobytes: int  # of the process that supervises
    keys: int
    wal: int


def test_soak(sqlite: Engine, tale: Tale, accounts: Accounts) -> None:
    """A run is told, audited and forgotten, again and again, while workers are killed every 2 to 5 s."""
    factories.stock(sqlite)
    account = accounts(2, f"soak: {MINUTES:g} min of load and kills, levels flat", sqlite, times=0)
    ends, levels = time.monotonic() + 60 * MINUTES, []
    with supervised(sqlite) as supervisor:
        while time.monotonic() < ends or len(levels) < 3:
            account.times += 1
            backlog = Backlog(sqlite, tale, supervisor, random.Random(account.times + lane.SEED), copies=2)
            with storm(supervisor, seed=account.times, pause=(2.0, 5.0)) as raging:
                backlog.tell()
            account.kills += raging.kills
            account.drained(drained(sqlite))
            account.audit(sqlite, tale, acknowledged=backlog.places, offered=backlog.offered)
            levels.append(level(sqlite, supervisor))
            backlog.forget()
    third = max(1, len(levels) // 3)
    early, late = _highest(levels[:third]), _highest(levels[-third:])
    assert late.wal < WAL_BYTES
    assert late.keys <= early.keys * MOST_GROWTH + SLACK_KEYS
    assert late.kilobytes <= early.kilobytes * MOST_GROWTH + SLACK_KILOBYTES
    assert late.own_kilobytes <= early.own_kilobytes * MOST_GROWTH + SLACK_KILOBYTES
    account.what += f" (workers {late.kilobytes // 1000} MB, {late.keys} keys, WAL {late.wal / 2**20:.1f} MB)"


def level(engine: Engine, supervisor: Supervisor) -> Level:
    """Memory now, keys in Redis, and the write-ahead log's size."""
    redis = redis_of(supervisor)
    keys = int(redis.dbsize())
    redis.close()
    wal = Path(f"{engine.url.database}-wal")
    return Level(
        kilobytes=max([_resident(pid) for pid in supervisor.pids.values()], default=0),
        own_kilobytes=_resident(os.getpid()),
        keys=keys,
        wal=wal.stat().st_size if wal.exists() else 0,
    )


def _resident(pid: int) -> int:
    """Kilobytes of a process that are in memory; 0 when it has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def _highest(levels: list[Level]) -> Level:
    return Level(*(max(column) for column in zip(*levels, strict=True)))
