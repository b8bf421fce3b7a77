"""Says on Redis which requests of people have their slates; who waits for one hears it at once.

Nobody relies on it: what is said while nobody listens is lost, and who waits looks herself then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from redis import Redis
from redis.exceptions import RedisError

from db.work import Work

CHANNEL = "windowshop:answered"
LISTEN_SECONDS = 1.0
AWAY_SECONDS = 0.5

Key = tuple[int, str]
"""Run and key of a piece of work."""


class Channel(Protocol):
    """What redis-py calls a PubSub."""

    def get_message(self, *, timeout: float) -> dict[str, Any] | None:
        """The next message; None when none came in time."""


Hear = Callable[[list[Key]], None]


def announce(connection: Redis, done: Sequence[Work]) -> None:
    """Say that this work is done; nothing when Redis is away."""
    said = " ".join(f"{one.run}:{one.key}" for one in done)
    with suppress(RedisError):
        connection.publish(CHANNEL, said)


class News:
    """Listens in a thread of its own until it is closed."""

    def __init__(self, connection: Redis, hear: Hear) -> None:
        self._connection = connection
        self._hear = hear
        self._is_closed = threading.Event()
        self._subscribed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="slate-news", daemon=True)
        self._thread.start()

    @property
    def is_heard(self) -> bool:
        """Whether what is said now is heard."""
        return self._subscribed.is_set()

    def close(self) -> None:
        """Listen no more."""
        self._is_closed.set()
        self._thread.join(2 * LISTEN_SECONDS)

    def _listen(self) -> None:
        while not self._is_closed.is_set():
            try:
                with self._connection.pubsub() as channel:  # type: ignore[no-untyped-call]
                    channel.subscribe(CHANNEL)
                    self._hear_from(channel)
            except (RedisError, OSError):
                self._subscribed.clear()
                self._is_closed.wait(AWAY_SECONDS)
        self._subscribed.clear()

    def _hear_from(self, channel: Channel) -> None:
        while not self._is_closed.is_set():
            message = channel.get_message(timeout=LISTEN_SECONDS)
            if message is None:
                continue
            if message["type"] == "subscribe":
                self._subscribed.set()
            elif message["type"] == "message":
                self._hear(read(message["data"]))


def read(said: bytes) -> list[Key]:
    """The keys of an announcement; what is none is passed over."""
    found: list[Key] = []
    for one in said.decode(errors="replace").split():
        run, _, key = one.partition(":")
        if run.isascii() and run.isdecimal() and len(run) < 20:
            found.append((int(run), key))
    return found
