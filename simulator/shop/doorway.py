"""What stands in the door while the shop is carried in: it lives, and asks for a moment."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1">
<meta name="color-scheme" content="light dark"><title>Windowshop</title></head>
<body><h1>We open in a moment</h1><p>This page comes back by itself.</p></body></html>
"""
HEADERS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"retry-after", b"1"),
]


class Doorway:
    """An ASGI application that becomes another one as soon as that is there."""

    def __init__(self) -> None:
        self.within: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer for those who are not there yet."""
        if self.within is not None:
            await self.within(scope, receive, send)
            return
        lives = scope["path"] == "/healthz"
        kind = b"text/plain; charset=utf-8" if lives else b"text/html; charset=utf-8"
        start = {
            "type": "http.response.start",
            "status": 200 if lives else 503,
            "headers": [(b"content-type", kind), *HEADERS],
        }
        await send(start)
        await send({"type": "http.response.body", "body": b"ok\n" if lives else PAGE})
