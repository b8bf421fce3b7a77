"""A worker that has just answered people stands by a moment: who asks next tells it directly, and
RQ's bookkeeping is paid once for many requests.

Nobody relies on it: what was told to a worker that died, the relay rings for again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from redis import Redis
from redis.exceptions import RedisError

ASKED = "windowshop:asked"
"""The channel on which a worker that stands by hears that somebody asks."""

STANDBY_SECONDS = 0.1
SLICE_SECONDS = 0.05
"""A stop signal is seen so soon."""


class Watch(Protocol):
    """One turn of standing by."""

    def heard(self, until: float) -> bool:
        """Whether somebody asked; until: seconds of the monotonic clock."""


class Alone:
    """Where there is nobody to hear of: in tests, and without Redis."""

    def heard(self, until: float) -> bool:
        """Nobody asked."""
        del until
        return False


class Standby:
    """Of one worker. waiting, workers: Redis keys of the list of waiting jobs and of the set of
    workers.
    """

    def __init__(self, connection: Redis, waiting: str, workers: str) -> None:
        self._connection = connection
        self._waiting = waiting
        self._workers = workers
        self._channel: Any = None
        self._must_stop = False

    def stop(self) -> None:
        """Stand by no more."""
        self._must_stop = True

    @contextmanager
    def turn(self, ring_for_rest: Callable[[], None]) -> Iterator[Watch]:
        """Stand by, unless somebody else does already or the only worker is wanted elsewhere.

        ring_for_rest: called once nobody is told to us any more; what was told and not done is its
        business.
        """
        try:
            begins = self._begin()
        except RedisError:
            self._forget()
            begins = False
        if not begins:
            yield Alone()
            return
        try:
            yield self
        finally:
            self._end()
            ring_for_rest()

    def heard(self, until: float) -> bool:
        """Whether somebody asked within a moment; False when other work wants the only worker."""
        until = min(until, time.monotonic() + STANDBY_SECONDS)
        try:
            if self._is_wanted():
                return False
            while (left := until - time.monotonic()) > 0 and not self._must_stop:
                if self._channel.get_message(timeout=min(left, SLICE_SECONDS)) is not None:
                    while self._channel.get_message(timeout=0) is not None:
                        pass  # one look finds all of them
                    return True
        except RedisError:
            self._forget()
        return False

    def _begin(self) -> bool:
        if self._must_stop or self._is_wanted():
            return False
        if self._connection.pubsub_numsub(ASKED)[0][1]:
            return False
        if self._channel is None:
            self._channel = self._connection.pubsub()  # type: ignore[no-untyped-call]
        self._channel.subscribe(ASKED)
        return self._confirmed("subscribe")

    def _is_wanted(self) -> bool:
        """Whether other work waits and nobody else is there to do it."""
        with self._connection.pipeline(transaction=False) as together:
            together.llen(self._waiting)
            together.scard(self._workers)
            waiting, workers = together.execute()
        return bool(waiting and workers < 2)

    def _confirmed(self, what: str) -> bool:
        """Read on until Redis says that it is so; what is told meanwhile is found by a look."""
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            message = self._channel.get_message(timeout=1.0)
            if message is not None and message["type"] == what:
                return True
        self._forget()
        return False

    def _end(self) -> None:
        if self._channel is None:
            return
        try:
            self._channel.unsubscribe(ASKED)
            self._confirmed("unsubscribe")
        except RedisError:
            self._forget()

    def _forget(self) -> None:
        """Close the channel, which ends what was subscribed to."""
        channel, self._channel = self._channel, None
        if channel is not None:
            with suppress(RedisError):
                channel.close()


def tell(connection: Redis) -> bool:
    """Whether a worker stands by that was told that somebody asks."""
    return bool(connection.publish(ASKED, b""))
