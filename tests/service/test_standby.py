"""A worker that has just answered stands by for the next; nothing that was told to it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from redis import Redis

from simulator.shop.live.pressure import AWAITED as PRESSING
from workers.queue import WORKERS, connect, jobs_waiting, queue, ring
from workers.redis_server import EmbeddedServer
from workers.standby import ASKED, Alone, Standby
from workers.tasks import AWAITED

pytestmark = pytest.mark.service


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A Valkey of its own, with two workers in its books."""
    server = EmbeddedServer()
    connection = connect(server.url)
    connection.sadd(WORKERS, "one", "two")
    try:
        yield connection
    finally:
        connection.close()
        server.stop()


def standby(redis: Redis) -> Standby:
    """A worker's, not yet standing by."""
    return Standby(redis, queue(redis).key, WORKERS)


def in_a_second() -> float:
    """A deadline."""
    return time.monotonic() + 1.0


def test_who_stands_by_is_told_and_no_job_is_made(redis: Redis) -> None:
    """What a person waits for goes to it; other work, and all work after its turn, is a job."""
    with standby(redis).turn(lambda: None) as watch:
        assert ring(queue(redis), [1, 2], seconds=9, first=True)
        assert jobs_waiting(queue(redis)) == 0
        assert watch.heard(in_a_second())
        assert ring(queue(redis), [3], seconds=9)
        assert jobs_waiting(queue(redis)) == 1
    assert ring(queue(redis), [4], seconds=9, first=True)
    assert jobs_waiting(queue(redis)) == 2


def test_what_was_told_and_not_done_is_rung_for_once_nobody_tells_more(redis: Redis) -> None:
    """However the turn ends; by then whoever asks makes a job."""
    told: list[int] = []
    with (
        pytest.raises(ZeroDivisionError),
        standby(redis).turn(lambda: told.append(redis.pubsub_numsub(ASKED)[0][1])),
    ):
        raise ZeroDivisionError
    assert told == [0]


def test_one_worker_stands_by_at_a_time(redis: Redis) -> None:
    """The other ones serve the queue."""
    with standby(redis).turn(lambda: None) as first, standby(redis).turn(lambda: None) as second:
        assert not isinstance(first, Alone)
        assert isinstance(second, Alone)


def test_the_only_worker_does_what_waits_instead(redis: Redis) -> None:
    """Or a person who goes on asking would keep a simulation from its work."""
    redis.srem(WORKERS, "two")
    with standby(redis).turn(lambda: None) as watch:
        ring(queue(redis), [1], seconds=9)
        ring(queue(redis), [2], seconds=9, first=True)
        assert not watch.heard(in_a_second())


def test_a_stop_signal_ends_its_turn(redis: Redis) -> None:
    """And it begins no other."""
    one = standby(redis)
    with one.turn(lambda: None) as watch:
        threading.Timer(0.02, one.stop).start()
        assert not watch.heard(in_a_second())
    with one.turn(lambda: None) as watch:
        assert isinstance(watch, Alone)


def test_without_redis_nobody_stands_by(redis: Redis) -> None:
    """A worker that loses Redis between two jobs ends by RQ's hand, not by ours."""
    away = Redis(host="127.0.0.1", port=1)
    with Standby(away, "waiting", WORKERS).turn(lambda: None) as watch:
        assert isinstance(watch, Alone)
    assert redis.ping()


def test_what_a_worker_hears_of_is_all_that_people_wait_for() -> None:
    """Whatever is rung for first may be told to it, and would else wait for the relay."""
    assert set(AWAITED) == set(PRESSING)
