"""What stands in Redis is believed only as far as the id of a work row; anything else runs nothing.

The poison is mixed with RQ itself, the way it comes out of the box, or written into Valkey by hand.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Callback, Queue
from rq.serializers import JSONSerializer
from sqlalchemy import Engine

from simulator.operations.verify import verify
from tests import factories
from workers.queue import IN_HAND, NAME, PERFORM
from workers.supervisor import Supervisor

pytestmark = pytest.mark.service

QUEUE = f"rq:queue:{NAME}"
PAST = "2020-01-01T00:00:00.000000Z"
NO_WORK = 999_999_999
CANARY = "CANARY"
"""The variable that tells `touch`, which workers would import, what to write."""


def touch(*_: object) -> None:
    """What an attacker's callback would do."""
    Path(os.environ[CANARY]).touch()


class Pickled:
    """Runs a command when it is read back."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def stock(redis: Redis) -> Queue:
    """Our queue as any RQ would open it."""
    return Queue(NAME, connection=redis, serializer=JSONSerializer)


def by_hand(redis: Redis, job_id: str, fields: dict[str, Any]) -> None:
    """A job hash of one's own making, at the head of the queue."""
    if fields:
        redis.hset(f"rq:job:{job_id}", mapping=fields)
    redis.lpush(QUEUE, job_id)


def job_data(*call: object) -> bytes:
    """What RQ keeps of a call: function, instance, arguments."""
    return zlib.compress(json.dumps(call).encode())


def hash_of(data: bytes, **fields: Any) -> dict[str, Any]:
    """A job hash that is in order but for its data."""
    return {
        "data": data,
        "created_at": PAST,
        "enqueued_at": PAST,
        "origin": NAME,
        "status": "queued",
        **fields,
    }


def a_command(redis: Redis, canary: Path) -> None:
    """os.system."""
    stock(redis).enqueue_call("os.system", args=(f"touch {canary}",))


def a_function_of_ours(redis: Redis, canary: Path) -> None:
    """Another function of our own code: being ours is not enough."""
    del canary
    stock(redis).enqueue_call("tests.service.test_poison.touch")


def a_pickle(redis: Redis, canary: Path) -> None:
    """RQ's default serializer, with an object that runs a command when it is read."""
    data = zlib.compress(pickle.dumps((PERFORM, None, (Pickled(f"touch {canary}"),), {})))
    by_hand(redis, "a-pickle", hash_of(data))


def callbacks(redis: Redis, canary: Path) -> None:
    """The allowed function, with callbacks on success, failure and stop; and a refused one with the
    same.
    """
    del canary
    call = Callback("tests.service.test_poison.touch")
    for function in (PERFORM, "os.getpid"):
        stock(redis).enqueue_call(
            function, args=(NO_WORK,), on_success=call, on_failure=call, on_stopped=call
        )


def an_instance(redis: Redis, canary: Path) -> None:
    """The allowed name as a method of something else."""
    by_hand(
        redis, "an-instance", hash_of(job_data("workers.tasks.perform", "x", [str(canary)], {}))
    )


def wrong_arguments(redis: Redis, canary: Path) -> None:
    """The allowed function with none, too many, or those of another type."""
    for number, arguments in enumerate(
        ([], [1, 2], ["; touch"], [str(canary)], [None], [{}], [10**30])
    ):
        by_hand(redis, f"wrong-{number}", hash_of(job_data(PERFORM, None, arguments, {})))


def no_data(redis: Redis, canary: Path) -> None:
    """Bytes that are no job's."""
    del canary
    for number, data in enumerate(
        (b"", b"\0\1\2", zlib.compress(b"not json"), zlib.compress(b"[]"), b"{}")
    ):
        by_hand(redis, f"no-data-{number}", hash_of(data))


def malformed_hashes(redis: Redis, canary: Path) -> None:
    """Fields missing or of another kind; an id without a hash. Each ends a worker of stock RQ."""
    del canary
    good = job_data(PERFORM, None, [NO_WORK], {})
    by_hand(redis, "only-one-field", {"colour": "red"})
    by_hand(redis, "no-hash", {})
    by_hand(redis, "bad-timeout", hash_of(good, timeout="never"))
    by_hand(redis, "bad-status", hash_of(good, status="undead"))
    redis.set("rq:job:not-a-hash", "x")
    redis.lpush(QUEUE, "not-a-hash")


def bad_names(redis: Redis, canary: Path) -> None:
    """Ids that are no text, look like a command, or have no end."""
    for name in (b"\xff\xfe", f"$(touch {canary})", "a" * 10_000):
        redis.lpush(QUEUE, name)


POISONS: dict[str, Callable[[Redis, Path], None]] = {
    poison.__name__: poison
    for poison in (
        a_command,
        a_function_of_ours,
        a_pickle,
        callbacks,
        an_instance,
        wrong_arguments,
        no_data,
        malformed_hashes,
        bad_names,
    )
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_poison_runs_nothing_and_the_queue_goes_on(
    any_engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    poison: Callable[[Redis, Path], None],
) -> None:
    """It is refused, a run beside it is played to its end, and it costs no worker its life."""
    canary = tmp_path / "canary"
    monkeypatch.setenv(CANARY, str(canary))
    factories.stock(any_engine)
    context = factories.context_of(any_engine, workers=1, relay_seconds=0.2)
    with Supervisor(context.settings, any_engine) as supervisor:
        redis = Redis.from_url(supervisor.settings.redis_url)
        poison(redis, canary)
        run = factories.play(any_engine, supervisor, days=1).run.id
        deadline = time.monotonic() + 20
        while redis.llen(QUEUE) or redis.exists(IN_HAND):
            assert time.monotonic() < deadline, redis.lrange(QUEUE, 0, -1) + redis.lrange(
                IN_HAND, 0, -1
            )
            time.sleep(0.02)
        assert not canary.exists()
        assert supervisor.restarts == 0
        redis.close()
    assert [finding for finding in verify(context, run) if not finding.ok] == []


STOCK_WORKER = f"""
import sys
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer, DefaultSerializer
connection = Redis.from_url(sys.argv[1])
serializer = JSONSerializer if sys.argv[2] == 'json' else DefaultSerializer
queue = Queue({NAME!r}, connection=connection, serializer=serializer)
worker = SimpleWorker([queue], connection=connection, serializer=serializer)
worker.work(burst=True, logging_level='CRITICAL')
"""


@pytest.mark.parametrize(
    ("poison", "serializer"),
    [(a_command, "json"), (a_function_of_ours, "json"), (a_pickle, "pickle"), (callbacks, "json")],
)
def test_the_poison_is_real(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    poison: Callable[[Redis, Path], None],
    serializer: str,
) -> None:
    """The negative control: a worker of stock RQ runs it."""
    from workers.redis_server import EmbeddedServer

    canary = tmp_path / "canary"
    monkeypatch.setenv(CANARY, str(canary))
    server = EmbeddedServer()
    try:
        redis = Redis.from_url(server.url)
        poison(redis, canary)
        redis.close()
        subprocess.run(
            [sys.executable, "-c", STOCK_WORKER, server.url, serializer],
            capture_output=True,
            check=True,
        )
        assert canary.exists()
    finally:
        server.stop()
