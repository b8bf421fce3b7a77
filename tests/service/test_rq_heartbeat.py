"""RQ's signs of life: few, and enough."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from rq.serializers import JSONSerializer

from workers.queue import connect, queue
from workers.redis_server import EmbeddedServer
from workers.rq_worker import WORKER_SECONDS, RqWorker

pytestmark = [pytest.mark.service, pytest.mark.thorough]


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A Valkey of its own."""
    server = EmbeddedServer()
    connection = connect(server.url)
    try:
        yield connection
    finally:
        connection.close()
        server.stop()


def test_a_worker_gives_one_sign_of_life_a_second(redis: Redis) -> None:
    """However many short jobs it does; one with a time of its own is given at once."""
    worker = RqWorker(
        [queue(redis)],
        name="one",
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=WORKER_SECONDS,
    )
    worker.heartbeat()
    assert 60 < int(redis.ttl(worker.key)) <= WORKER_SECONDS + 60
    told = _hsets(redis)
    for _ in range(5):
        worker.heartbeat()
    assert _hsets(redis) == told
    worker.heartbeat(200)
    assert 190 < int(redis.ttl(worker.key)) <= 200
    assert _hsets(redis) == told + 1


def _hsets(redis: Redis) -> int:
    return int(redis.info("commandstats")["cmdstat_hset"]["calls"])
