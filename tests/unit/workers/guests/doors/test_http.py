"""A guest behind HTTP: four calls, retried where that may help, each fault under its own name."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.unit.workers.guests.doors.test_process import K, requests, shop
from workers.guests.door import GuestError, Limits
from workers.guests.doors.http import HttpDoor
from workers.guests.guest import Guest
from workers.guests.tables import day

Say = Callable[[str, dict[str, Any]], tuple[int, Any]]
"""(path, body) -> (status, what is said: JSON, or bytes as they are; None: the line is cut)."""


class Server:
    """A server of a few lines that says what a test wants, and remembers what it was asked."""

    def __init__(self) -> None:
        self.say: Say = lambda *_: (200, {})
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"{}")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, content: bytes) -> None:
                is_json = self.headers.get("Content-Type", "application/json").endswith("json")
                body = json.loads(content) if is_json else {"arrow": len(content)}
                outer.asked.append((self.path, body, dict(self.headers)))
                status, said = outer.say(self.path, body)
                if said is None:
                    self.close_connection = True
                    return
                packed = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(packed)))
                self.end_headers()
                with suppress(OSError):  # who asked gave up
                    self.wfile.write(packed)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        self._doors: list[HttpDoor] = []

    def door(self, seconds: float = 10.0) -> HttpDoor:
        """Its door."""
        place = f"http://127.0.0.1:{self.http.server_port}"
        guest = Guest("web", "http", place, place)
        self._doors.append(HttpDoor(guest, Limits(seconds=seconds), "0a1b2c3d4e5f"))
        return self._doors[-1]

    def close(self) -> None:
        """Nobody asks or answers any more."""
        for door in self._doors:
            door.close()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    """One server, gone at the end."""
    made = Server()
    yield made
    made.close()


def test_it_is_asked_as_the_contract_says(server: Server) -> None:
    """Health, start, slates, learn; with a key for each call, so that none counts twice."""
    server.say = lambda path, _: (
        200,
        {"slates": [list(range(K))] * 3} if "slates" in path else {},
    )
    door = server.door()
    door.start(shop())
    said = door.slates(requests())
    assert said.items is not None
    assert said.items.tolist() == [list(range(K))] * 3
    paths = [path for path, _, _ in server.asked]
    assert paths == ["/health", "/start", "/slates"]
    start = server.asked[1][1]
    assert {name: start[name] for name in ("schema", "k", "seed")} == {
        "schema": 1,
        "k": K,
        "seed": 1,
    }
    assert start["items"][3]["id"] == "i3"
    body = server.asked[2][1]
    assert set(body["requests"][0]) == {"session", "shopper", "step", "query", "history", "shown"}
    assert server.asked[2][2]["Idempotency-Key"] == body["key"] == "0a1b2c3d4e5f-0-0"


@pytest.mark.parametrize("form", ["png", "url"])
def test_pictures_come_as_it_asks(server: Server, form: str) -> None:
    """A PNG beside each item and query, or its address, which holds until it has started."""
    seen: list[NDArray[np.uint8]] = []
    kept: list[str] = []

    def say(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path == "/start":
            about = [*body["items"], *body["queries"]]
            kept.extend(one.get("picture_url", "") for one in about)
            files = [_file(one) for one in about]
            seen.extend(np.asarray(Image.open(io.BytesIO(one))) for one in files)
        return 200, {"pictures": form}

    server.say = say
    server.door().start(shop())
    assert np.array_equal(np.stack(seen), shop().pictures)
    for url in filter(None, kept):
        with pytest.raises(httpx.HTTPError):
            httpx.get(url)


def _file(about: dict[str, str]) -> bytes:
    if "picture" in about:
        return base64.b64decode(about["picture"])
    return httpx.get(about["picture_url"]).content


def test_arrow_comes_where_it_is_asked_for(server: Server) -> None:
    """The requests as a stream; the answer may still be JSON."""
    server.say = lambda path, _: (
        200,
        {"format": "arrow"} if path == "/start" else {"slates": []},
    )
    door = server.door()
    door.start(shop())
    door.slates(requests())
    assert server.asked[-1][1]["arrow"] > 0


def test_what_may_pass_is_tried_again(server: Server) -> None:
    """Twice busy, once cut, then an answer: the same key each time."""
    says = iter([(503, {}), (429, {}), (200, None), (200, {"slates": [[1, 2]] * 3})])
    server.say = lambda *_: next(says)
    assert server.door().slates(requests()).items is not None
    assert len({headers["Idempotency-Key"] for _, _, headers in server.asked}) == 1


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (500, {"detail": "no idea"}, "raised"),
        (404, {}, "raised"),
        (200, b"<html>", "raised"),
        (200, [1, 2], "raised"),
        (409, {}, "died"),
        (200, None, "died"),
    ],
)
def test_each_fault_has_its_name(server: Server, status: int, said: Any, kind: str) -> None:
    """What it said is quoted."""
    server.say = lambda *_: (status, said)
    with pytest.raises(GuestError) as failed:
        server.door().slates(requests())
    assert failed.value.kind == kind
    assert "/slates" in str(failed.value)


def test_one_that_does_not_answer_is_late(server: Server) -> None:
    """After its seconds, not after those of TCP."""
    forever = threading.Event()
    server.say = lambda *_: (forever.wait(20) or 200, {})
    with pytest.raises(GuestError) as failed:
        server.door(seconds=0.3).slates(requests())
    forever.set()
    assert failed.value.kind == "late"


@pytest.mark.parametrize(
    ("slates", "expected"),
    [
        ([[1, 2], [3]], [[1, 2], [3, -1]]),
        ([[1, None], [3, 4]], None),
        ("none", None),
        ([1, 2], None),
    ],
)
def test_json_becomes_an_array_or_is_quoted(server: Server, slates: Any, expected: Any) -> None:
    """Shorter lists are padded; null is no number."""
    server.say = lambda *_: (200, {"slates": slates})
    said = server.door().slates(requests(2))
    if expected is not None:
        assert said.items is not None
        assert said.items.tolist() == expected
    elif said.items is not None:
        assert str(said.items.dtype) == "float64"
    else:
        assert repr(slates)[:20] in said.odd


def test_a_day_is_told(server: Server) -> None:
    """Under a key of its own."""
    from db.events import Events

    server.door().learn(day(2, Events.empty(K)))
    path, body, _ = server.asked[0]
    assert (path, body["day"], body["key"]) == ("/learn", 2, "0a1b2c3d4e5f-day-2")
