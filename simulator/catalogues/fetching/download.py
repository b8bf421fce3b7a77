"""Fetches one picture by its address, as the policy allows."""

from __future__ import annotations

import ssl
import time

import httpcore
import httpx

from simulator.catalogues.fetching.connection import Guard, Resolve, resolve
from simulator.catalogues.fetching.policy import FetchPolicy, RefusedError

MOST_REDIRECTS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS = [
    (b"User-Agent", b"windowshop"),
    (b"Accept", b"image/*"),
    (b"Accept-Encoding", b"identity"),  # what is packed could unpack to any size
    (b"Connection", b"close"),
]


def download(
    address: str,
    policy: FetchPolicy,
    *,
    tls: ssl.SSLContext | None = None,
    look_up: Resolve = resolve,
) -> bytes:
    """The bytes behind an address, unseen.

    Raises RefusedError with the reason where the policy or the server gives none of them.
    """
    deadline = time.monotonic() + policy.seconds
    guard = Guard(policy, deadline, look_up)
    try:
        url = policy.address(address)
        for _ in range(MOST_REDIRECTS + 1):
            found = _ask(url, policy, guard, tls)
            if isinstance(found, bytes):
                return found
            url = _moved(url, found, policy)
    except httpcore.TimeoutException:
        raise RefusedError(f"it took more than {policy.seconds:g} s") from None
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        said = " ".join(str(error).split())[:120] or type(error).__name__
        raise RefusedError(f"the connection failed ({said})") from None
    raise RefusedError(f"it was sent on more than {MOST_REDIRECTS} times")


def _moved(url: httpx.URL, place: str, policy: FetchPolicy) -> httpx.URL:
    try:
        return policy.address(str(url.join(place)))
    except (httpx.InvalidURL, ValueError) as error:
        why = str(error) if isinstance(error, RefusedError) else "this is no address"
        raise RefusedError(f"it was sent on to {place[:200]!r}: {why}") from None


def _ask(
    url: httpx.URL, policy: FetchPolicy, guard: Guard, tls: ssl.SSLContext | None
) -> bytes | str:
    """The picture's bytes, or where it has moved to."""
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    headers = [(b"Host", url.netloc), *_HEADERS]
    with (
        httpcore.ConnectionPool(ssl_context=tls, network_backend=guard) as pool,
        pool.stream("GET", target, headers=headers) as answer,
    ):
        told = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status in _MOVED and b"location" in told:
            return told[b"location"]
        if answer.status != 200:
            raise RefusedError(f"the server said {answer.status}")
        if told.get(b"content-encoding", "identity").lower() != "identity":
            raise RefusedError("the server sent it packed, which was not asked for")
        return _content(answer, told.get(b"content-length", ""), policy)


def _content(answer: httpcore.Response, promised: str, policy: FetchPolicy) -> bytes:
    most = policy.most_bytes
    large = RefusedError(f"it is larger than {most / 1e6:g} MB")
    if promised.isascii() and promised.isdigit() and int(promised[:18]) > most:
        raise large
    found = bytearray()
    for chunk in answer.iter_stream():
        found += chunk
        if len(found) > most:
            raise large
    return bytes(found)
