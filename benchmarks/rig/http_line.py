"""One keep-alive connection to a server on this machine, over bare asyncio streams: a driver that
takes little of the processors that both servers need.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self


class HttpLine:
    """Posts JSON, keeps the cookies it is given, and understands answers with a Content-Length."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.removeprefix("http://").partition(":")
        self._port = int(port)
        self._cookies: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def post(self, path: str, wish: dict[str, Any]) -> bytes:
        """The body of the answer; SystemExit for any status but 200."""
        body = json.dumps(wish).encode()
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            + (f"cookie: {cookies}\r\n" if cookies else "")
        )
        self._writer.write(head.encode() + b"\r\n" + body)
        told = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = told.rstrip().split("\r\n")
        length = 0
        for line in lines:
            name, _, value = line.partition(": ")
            if name.lower() == "content-length":
                length = int(value)
            elif name.lower() == "set-cookie":
                cookie, _, what = value.partition(";")[0].partition("=")
                self._cookies[cookie] = what
        found = await self._reader.readexactly(length)
        if status.split()[1] != "200":
            raise SystemExit(f"{path}: {status}: {found[:200]!r}")
        return found
