"""A recommender of Python behind HTTP: `python -m workers.guests.doors.serve mine.py:Mine`.

The other end of http.py, for whoever wants to see their class answer as a server would.
"""

from __future__ import annotations

import argparse
import base64
import sys
import threading
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from db.errors import WindowshopError
from workers.guests import tables
from workers.guests.address import parse
from workers.guests.door import Door, GuestAnswer, GuestError, Limits
from workers.guests.doors.http import ARROW, LOST
from workers.guests.doors.opening import open_door
from workers.guests.guest import Guest
from workers.guests.protocol import Day, Requests, Shop


class Served:
    """One guest and the runs it has been started for."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self._doors: dict[str, Door] = {}
        self._shops: dict[str, Shop] = {}
        self._done: set[str] = set()
        self._turn = threading.Lock()

    def start(self, body: dict[str, Any]) -> None:
        """Open a run's shop, once; the same key again does nothing."""
        with self._turn:
            if body["run"] in self._doors:
                return
            shop = _shop(body)
            door = open_door(self.guest, Limits(), body["run"])
            door.start(shop)
            self._doors[body["run"]] = door
            self._shops[body["run"]] = shop

    def slates(self, run: str, table: pa.Table, off: list[int]) -> GuestAnswer:
        """Ask it."""
        on_sale = np.ones(self._shops[run].n_items, np.bool_)
        on_sale[off] = False
        with self._turn:
            return self._doors[run].slates(Requests(table, on_sale))

    def learn(self, body: dict[str, Any]) -> None:
        """Tell it of a day, once."""
        with self._turn:
            if body["key"] in self._done:
                return
            slates = pa.Table.from_pylist(body["slates"], schema=tables.SLATES)
            events = pa.Table.from_pylist(body["events"], schema=tables.EVENTS)
            self._doors[body["run"]].learn(Day(body["day"], slates, events))
            self._done.add(body["key"])

    def knows(self, run: str) -> bool:
        """Whether the run was started here."""
        return run in self._doors

    def close(self) -> None:
        """Let the guest go."""
        for door in self._doors.values():
            door.close()


def app_of(served: Served) -> FastAPI:
    """The four calls."""
    app = FastAPI(title=served.guest.name)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {
            "name": served.guest.name,
            "version": "1",
            "pictures": "inline",
            "vectors": "inline",
        }

    @app.exception_handler(GuestError)
    def failed(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=500)

    @app.post("/start")
    def start(body: dict[str, Any]) -> dict[str, str]:
        served.start(body)
        return {"format": "arrow"}

    @app.post("/slates")
    async def slates(request: Request) -> Response:
        content = await request.body()
        if request.headers.get("content-type") == ARROW:
            run = request.headers["x-windowshop-run"]
            table = pa.ipc.open_stream(content).read_all()
            off: list[int] = []
        else:
            body = await request.json()
            run = body["run"]
            off = body["not_on_sale"]
            table = pa.Table.from_pylist(body["requests"], schema=tables.REQUESTS)
        if not served.knows(run):
            return JSONResponse({"detail": "start comes first"}, status_code=LOST)
        return JSONResponse(_said(served.slates(run, table, off)))

    @app.post("/learn")
    def learn(body: dict[str, Any]) -> Response:
        if not served.knows(body["run"]):
            return JSONResponse({"detail": "start comes first"}, status_code=LOST)
        served.learn(body)
        return JSONResponse({})

    return app


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy", help="FILE.py:CLASS or PACKAGE.MODULE:CLASS")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    asked = parser.parse_args()
    try:
        served = Served(parse(asked.policy))
    except WindowshopError as error:
        sys.exit(str(error))
    try:
        uvicorn.run(app_of(served), host=asked.host, port=asked.port, log_level="warning")
    finally:
        served.close()


def _shop(body: dict[str, Any]) -> Shop:
    items = pa.Table.from_pylist(body["items"])
    queries = pa.Table.from_pylist(body["queries"])
    pictures = np.frombuffer(base64.b64decode(body["pictures"]), np.uint8).reshape(-1, 28, 28)
    vectors = np.frombuffer(base64.b64decode(body["vectors"]), "<f4")
    return Shop(
        items, queries, pictures, vectors.reshape(len(pictures), -1), body["k"], body["seed"]
    )


def _said(answer: GuestAnswer) -> dict[str, Any]:
    said: dict[str, Any] = {"slates": None if answer.items is None else answer.items.tolist()}
    for name in ("scores", "propensities"):
        values = getattr(answer, name)
        if values is not None:
            said[name] = [[None if isnan(one) else one for one in row] for row in values.tolist()]
    return said | ({"reasons": answer.reasons} if answer.reasons else {})


if __name__ == "__main__":
    main()
