"""A guest behind an address: four calls over HTTP, described by docs/guest.openapi.json."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import numpy as np
import pyarrow as pa

from workers.guests import tables
from workers.guests.door import GuestAnswer, GuestError, Limits
from workers.guests.doors.picture_server import png, serving
from workers.guests.guest import Guest
from workers.guests.protocol import SCHEMA, Day, Requests, Shop

ARROW = "application/vnd.apache.arrow.stream"
PAUSES = (0.1, 0.4, 1.0)
"""Seconds before each further try."""
AGAIN = (429, 502, 503, 504)
"""Answers after which the same call may succeed."""
LOST = 409
"""The answer of a server that does not know this run: it was started anew in between."""
LARGEST = 64 * 2**20
"""Bytes of an answer that are read."""


class HttpDoor:
    """A server of somebody's own."""

    def __init__(self, guest: Guest, limits: Limits, run: str) -> None:
        self._limits = limits
        self._run = run
        self._place = guest.place
        self._client = httpx.Client(base_url=guest.place, timeout=limits.seconds)
        self._is_arrow = False

    def health(self) -> dict[str, Any]:
        """Its name and version, and which form it wants things in."""
        return self._json(self._call("GET", "/health", key="", seconds=self._limits.seconds))

    def start(self, shop: Shop) -> None:
        """The shop opens."""
        wants = self.health()
        with ExitStack() as stack:
            try:
                self._start(shop, wants, self._pictures(shop, wants.get("pictures"), stack))
            except OSError as error:
                raise GuestError("died", f"/start: no way to show it pictures ({error})") from None

    def _pictures(self, shop: Shop, form: str | None, stack: ExitStack) -> list[dict[str, str]]:
        """What each item and query says of its picture; addresses hold until the stack unwinds."""
        if form == "png":
            packed = (base64.b64encode(png(one)).decode() for one in shop.pictures)
            return [{"picture": one} for one in packed]
        if form == "url":
            urls = stack.enter_context(serving(shop.pictures, self._place))
            return [{"picture_url": one} for one in urls]
        return [{} for _ in shop.pictures]

    def _start(self, shop: Shop, wants: dict[str, Any], pictures: list[dict[str, str]]) -> None:
        about = [*shop.items.to_pylist(), *shop.queries.to_pylist()]
        about = [one | picture for one, picture in zip(about, pictures, strict=True)]
        items = about[: shop.n_items]
        queries = about[shop.n_items :]
        inline = {"pictures": shop.pictures, "vectors": shop.vectors.astype("<f4")}
        sent = {
            name: base64.b64encode(array.tobytes()).decode()
            for name, array in inline.items()
            if wants.get(name) == "inline"
        }
        body = {"schema": SCHEMA, "run": self._run, "k": shop.k, "seed": shop.seed}
        body |= {"key": self._run, "items": items, "queries": queries, **sent}
        said = self._json(
            self._call("POST", "/start", json=body, key=self._run, seconds=3 * self._limits.seconds)
        )
        self._is_arrow = said.get("format") == "arrow"

    def slates(self, requests: Requests) -> GuestAnswer:
        """A slate for each request."""
        first = requests.table.slice(0, 1).to_pylist()[0]
        key = f"{self._run}-{first['session']}-{first['step']}"
        if self._is_arrow and requests.on_sale.all():  # what is not sold yet goes with JSON
            sent: dict[str, Any] = {"content": _stream(requests.table)}
        else:
            body = {"schema": SCHEMA, "run": self._run, "key": key}
            off = np.flatnonzero(~requests.on_sale).tolist()
            sent = {"json": {**body, "requests": requests.table.to_pylist(), "not_on_sale": off}}
        found = self._call("POST", "/slates", key=key, seconds=self._limits.seconds, **sent)
        if found.headers.get("content-type", "").startswith(ARROW):
            return _from_arrow(found.content)
        return _from_json(self._json(found))

    def learn(self, day: Day) -> None:
        """A day is over."""
        key = f"{self._run}-day-{day.day}"
        body = {"schema": SCHEMA, "run": self._run, "key": key, "day": day.day}
        body |= {"slates": day.slates.to_pylist(), "events": day.events.to_pylist()}
        self._call("POST", "/learn", json=body, key=key, seconds=3 * self._limits.seconds)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _call(
        self, verb: str, path: str, *, key: str, seconds: float, **sent: Any
    ) -> httpx.Response:
        """An answer below 400. Raises GuestError where there is none within so many seconds."""
        until = time.monotonic() + seconds
        headers = {"Idempotency-Key": key} if key else {}
        if "content" in sent:
            headers |= {"Content-Type": ARROW, "X-Windowshop-Run": self._run}
        failed = GuestError("late", f"{path}: no answer within {seconds:g} s")
        for pause in (0.0, *PAUSES):
            left = until - time.monotonic() - pause
            if left <= 0:
                break
            time.sleep(pause)
            try:
                return _good(
                    self._client.request(verb, path, headers=headers, timeout=left, **sent), path
                )
            except httpx.TimeoutException:
                raise GuestError("late", f"{path}: no answer within {seconds:g} s") from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                failed = GuestError("died", f"{path}: {type(error).__name__}: {error}")
            except _AgainError as error:
                failed = GuestError("raised", str(error))
        raise failed

    @staticmethod
    def _json(found: httpx.Response) -> dict[str, Any]:
        try:
            said = found.json()
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise GuestError(
                "raised", f"{found.url.path}: no JSON object, found {found.text[:100]!r}"
            )
        return said


class _AgainError(Exception):
    """The same call may succeed a little later."""


def _good(found: httpx.Response, path: str) -> httpx.Response:
    """An answer that can be read. Raises GuestError or _AgainError."""
    if found.status_code == LOST:
        raise GuestError("died", f"{path}: the server does not know this run any more")
    if found.status_code in AGAIN:
        raise _AgainError(f"{path}: HTTP {found.status_code}")
    if found.status_code >= httpx.codes.BAD_REQUEST:
        raise GuestError("raised", f"{path}: HTTP {found.status_code}: {found.text[:200]}")
    if len(found.content) > LARGEST:
        raise GuestError("raised", f"{path}: an answer of more than {LARGEST:,} bytes")
    return found


def _from_json(said: dict[str, Any]) -> GuestAnswer:
    slates = said.get("slates")
    items = _table(slates, lambda one: isinstance(one, int) and not isinstance(one, bool))
    return GuestAnswer(
        items,
        _table(said.get("scores"), lambda one: isinstance(one, int | float)),
        _table(said.get("propensities"), lambda one: isinstance(one, int | float)),
        said.get("reasons") if isinstance(said.get("reasons"), list) else None,
        "" if items is not None else repr(slates)[:200],
    )


def _table(rows: Any, is_fit: Callable[[Any], bool]) -> Any:
    """Lists of numbers as an array float64 or int64 [n, most], shorter rows padded; else None."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    width = max((len(row) for row in rows), default=0)
    is_whole = all(is_fit(one) and isinstance(one, int) for row in rows for one in row)
    found = np.full((len(rows), width), -1 if is_whole else np.nan)
    for place, row in enumerate(rows):
        found[place, : len(row)] = [one if is_fit(one) else np.nan for one in row]
        if not is_whole:
            found[place, len(row) :] = -1
    return found.astype(np.int64) if is_whole and np.abs(found).max(initial=0) < 2**53 else found


def _from_arrow(content: bytes) -> GuestAnswer:
    try:
        table = pa.ipc.open_stream(content).read_all()
        said = {name: table[name].to_pylist() for name in table.column_names}
    except (pa.ArrowInvalid, OSError) as error:
        raise GuestError("raised", f"/slates: no Arrow stream ({error})") from None
    return _from_json({**said, "slates": said.get("items")})


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, tables.REQUESTS) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
