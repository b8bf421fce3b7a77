"""A server that never ends its answer, and a parameter that Redis does not know, are said."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from db.errors import DependencyError, UsageError
from workers import queue
from workers.deadline import within

pytestmark = pytest.mark.service


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a server that sends a byte of an endless answer every 50 ms."""
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def drip(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.sendall(b"$100000\r\n")
            while not is_over.wait(0.05):
                client.sendall(b"x")

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=drip, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"redis://:geheim@127.0.0.1:{listener.getsockname()[1]}/0"
    is_over.set()
    listener.close()


def test_a_dripping_server_is_given_up_in_time(
    dripping: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One deadline for the whole exchange, and no thread is left that reads from it."""
    monkeypatch.setattr(queue, "WHOLE_SECONDS", 1.0)
    monkeypatch.setattr(queue, "ANSWER_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(
        DependencyError, match=r"gave no whole answer within 1 s; .*REDIS_URL"
    ) as told:
        queue.connect(dripping)
    assert time.monotonic() - began < 10
    assert "geheim" not in str(told.value)


def test_an_unknown_parameter_is_named() -> None:
    """It was a traceback; a password with a ? in it is not shown."""
    with pytest.raises(UsageError, match=r"unknown \(foo\)"):
        queue.connect("redis://127.0.0.1:1/0?foo=1")
    with pytest.raises((UsageError, DependencyError)) as told:
        queue.connect("redis://:ge?heim@127.0.0.1:1/0")
    assert "heim" not in str(told.value)


def test_a_deadline_gives_the_answer_or_the_error() -> None:
    """Whichever comes in time."""
    assert within(10, lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 // 0)
    with pytest.raises(TimeoutError):
        within(0.01, threading.Event().wait)
