"""Negative controls: what the design forbids is done, and the faults that it forbids happen.

Plain BEGIN stands in test_workforce.py; the rest is here.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine

from db import runs
from db.engine import read_transaction
from db.errors import WorkError
from simulator.operations.verify import verify
from tests import factories
from tests.faults.conftest import PLAN
from tests.faults.harness import play, supervised
from tests.faults.mortal import Fault
from tests.service.test_poison import POISONS, STOCK_WORKER, a_command
from workers import queue
from workers.redis_server import EmbeddedServer


@pytest.mark.parametrize("is_careless", [True, False], ids=["careless", "ours"])
def test_control_the_row_deleted_outside_the_transaction(
    sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_careless: bool
) -> None:
    """Deleted before its result is written, and the worker killed in between: the result is lost
    for good.
    """
    factories.stock(sqlite)
    monkeypatch.setenv("CARELESS", "yes" if is_careless else "")
    fault = Fault(str(tmp_path), "computed", times=1)
    with supervised(sqlite, fault=fault) as supervisor:
        if is_careless:
            with pytest.raises(WorkError, match="no slate although no work waits"):
                play(sqlite, supervisor, PLAN)
        else:
            play(sqlite, supervisor, PLAN)
    assert fault.deaths >= 1
    with read_transaction(sqlite) as conn:
        run = runs.every(conn)[0].id
    wrong = {check.name for check in verify(factories.context_of(sqlite), run) if not check.ok}
    assert bool(wrong) == is_careless


DIES_AT_THE_DOOR = """
import os, signal, sys
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from workers import queue
from workers.rq_worker import RqWorker
RqWorker.execute_job = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
connection = Redis.from_url(sys.argv[1])
names = sys.argv[2].split()
kept = {"connection": connection, "serializer": JSONSerializer}
queues = [queue.WorkQueue(name, job_class=queue.WorkJob, **kept) for name in names]
RqWorker(queues, **kept).work(burst=True, logging_level="CRITICAL")
"""


@pytest.mark.parametrize(("names", "is_lost"), [("windowshop", False), ("windowshop other", True)])
def test_control_two_queues_lose_the_bell(names: str, is_lost: bool) -> None:
    """A worker that dies between pop and start: on one queue the bell is still there, on two it is
    not.

    Without a relay that rings again from the database, the work of the lost bell would never be
    done.
    """
    server = EmbeddedServer()
    try:
        redis = Redis.from_url(server.url)
        work_queue = queue.queue(redis)
        assert queue.ring(work_queue, [1], seconds=10)
        ended = subprocess.run(
            [sys.executable, "-c", DIES_AT_THE_DOOR, server.url, names], check=False
        )
        assert ended.returncode == -9
        lists = [key for key in redis.keys("rq:queue:*") if redis.type(key) == b"list"]
        assert (sum(redis.llen(key) for key in lists) == 0) == is_lost
        redis.close()
    finally:
        server.stop()


def test_control_stock_jobs_run_the_poison(tmp_path: Path) -> None:
    """Stock RQ, with its own Job class, runs a command that stands in Redis."""
    canary = tmp_path / "canary"
    server = EmbeddedServer()
    try:
        redis = Redis.from_url(server.url)
        assert a_command in POISONS.values()
        a_command(redis, canary)
        redis.close()
        subprocess.run([sys.executable, "-c", STOCK_WORKER, server.url, "json"], check=True)
        assert canary.exists()
    finally:
        server.stop()
