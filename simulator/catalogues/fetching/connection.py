"""Connects to machines that the policy allows, and waits for none of them beyond a deadline."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from simulator.catalogues.fetching.policy import FetchPolicy, RefusedError

Resolve = Callable[[str, int], list[str]]
"""The machines' addresses of a host and port."""


def resolve(host: str, port: int) -> list[str]:
    """As the system knows them, each once; OSError where it knows none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Guard(httpcore.NetworkBackend):
    """Looks at the address of the machine before and after it connects."""

    def __init__(self, policy: FetchPolicy, deadline: float, look_up: Resolve = resolve) -> None:
        """deadline: of `time.monotonic`."""
        self._policy = policy
        self._deadline = deadline
        self._look_up = look_up

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first machine of a host that is allowed and answers.

        Raises RefusedError where none is allowed, httpcore's own errors where none answers.
        """
        del timeout, local_address
        failed: Exception | None = None
        for machine in self._allowed(host, port):
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    machine, port, left(self._deadline), None, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            self._check_peer(host, stream)
            return BoundedStream(stream, self._deadline)
        raise failed or httpcore.ConnectError("its host has no address")

    def _allowed(self, host: str, port: int) -> list[str]:
        """Only the allowed ones; RefusedError where there is none of them."""
        machines = in_time(lambda: self._look_up(host, port), self._deadline)
        refused: RefusedError | None = None
        found = []
        for machine in machines:
            try:
                self._policy.check_machine(host, machine)
            except RefusedError as error:
                refused = error
            else:
                found.append(machine)
        if refused and not found:
            raise refused
        return found

    def _check_peer(self, host: str, stream: httpcore.NetworkStream) -> None:
        """What we are connected to in truth, whatever was looked up."""
        try:
            self._policy.check_machine(host, stream.get_extra_info("server_addr")[0])
        except RefusedError:
            stream.close()
            raise


class BoundedStream(httpcore.NetworkStream):
    """A connection of which no read or write lasts beyond the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes; httpcore.ReadTimeout at the deadline."""
        del timeout
        return self._inner.read(max_bytes, left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All bytes."""
        del timeout
        self._inner.write(buffer, left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        """The connection ends."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same, encrypted."""
        del timeout
        inner = self._inner.start_tls(ssl_context, server_hostname, left(self._deadline))
        return BoundedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._inner.get_extra_info(info)


def left(deadline: float, late: type[httpcore.TimeoutException] = httpcore.ConnectTimeout) -> float:
    """Seconds until the deadline; raises `late` where there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise late
    return seconds


def in_time(ask: Callable[[], list[str]], deadline: float) -> list[str]:
    """What is answered before the deadline; the system's look-up knows none of its own.

    Raises httpcore.ConnectError where nothing is known, httpcore.ConnectTimeout when it is late.
    """
    answers: list[list[str]] = []
    errors: list[OSError] = []

    def run() -> None:
        try:
            answers.append(ask())
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(left(deadline))
    if errors:
        raise httpcore.ConnectError(f"its host is not known ({errors[0].strerror or errors[0]})")
    if not answers:
        raise httpcore.ConnectTimeout
    return answers[0]
