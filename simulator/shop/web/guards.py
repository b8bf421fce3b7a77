"""What every request passes: host, origin, size and headers; nothing of a page comes from
elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.shop.web.errors import problem
from simulator.shop.web.tokens import API, Tokens

MOST_BYTES = 5_000_000
"""Of a picture that is brought; a request may be a little larger."""

ENVELOPE = 100_000
WRITES = RateLimitItemPerMinute(6000)
"""What one address may send."""

UNKNOWN = (
    "writing here takes a token, which is none or another one; send it as `Authorization: Bearer"
    " TOKEN`. `windowshop serve` says where it is kept"
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}


class TooLargeError(Exception):
    """A body went on beyond the limit."""


class Guards:
    """ASGI middleware. hosts: names by which this shop may be called; none: any. tokens: what
    writing over the API takes; None: nothing.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str] = (), tokens: Tokens | None = None
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._hosts = frozenset(hosts)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with our headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)
        if refused is not None:
            answer = problem(*refused, scope["path"])
            if refused[0] == 401:
                answer.headers["WWW-Authenticate"] = "Bearer"
            await answer(scope, receive, _with_headers(send))
            return
        try:
            await self._app(scope, _limited(receive), _with_headers(send))
        except TooLargeError:
            await problem(413, _too_large(), scope["path"])(scope, receive, _with_headers(send))

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if self._hosts and host_name(host) not in self._hosts:
            return 421, f"this shop is not called {host[:80]!r}"
        refused = None if scope["method"] in SAFE else self._unwanted(scope, headers, host)
        length = headers.get("content-length", "0")
        if refused is None and length.isdecimal() and int(length) > MOST_BYTES + ENVELOPE:
            return 413, _too_large()
        return refused

    def _unwanted(self, scope: Scope, headers: Headers, host: str) -> tuple[int, str] | None:
        """Why somebody may not write: from another site, too often, or without the token."""
        origin = headers.get("origin")
        is_foreign = origin is not None and urlsplit(origin).netloc != host
        if is_foreign or headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
            return 403, "a page of another site sent this"
        knows = self._tokens is not None and self._tokens.carried(headers)
        address = scope["client"][0] if scope.get("client") else ""
        if not self._limiter.hit(WRITES, "with the token" if knows else f"from {address}"):
            return 429, f"more than {WRITES} came from here; go on a little later"
        if self._tokens is not None and not knows and scope["path"].startswith(API):
            return 401, UNKNOWN
        return None


def _too_large() -> str:
    return f"wanted at most {MOST_BYTES // 1_000_000} MB; scale the picture down, or send less"


def _limited(receive: Receive) -> Receive:
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES + ENVELOPE:
            raise TooLargeError
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def extended(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return extended


def host_name(host: str) -> str:
    """A Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
