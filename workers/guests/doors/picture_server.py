"""Pictures of a shop by address, for a server that would rather fetch them than get them inline."""

from __future__ import annotations

import io
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

POLL_SECONDS = 0.05
SECONDS = 10.0
"""For one picture; who reads slower is cut off."""

Pictures = NDArray[np.uint8]
"""[n, h, w]"""


@contextmanager
def serving(pictures: Pictures, place: str) -> Iterator[list[str]]:
    """The address of each picture, for as long as the context lasts.

    place: the address of the server that fetches them; we listen where it can reach us, and only
    there. The addresses hold a word that nobody guesses.
    """
    word = secrets.token_urlsafe(16)

    class Handler(_Handler):
        """Answers for these pictures."""

        shown = pictures
        path_of = re.compile(rf"/{re.escape(word)}/(\d{{1,9}})\.png")

    own = _own_address(place)
    server = ThreadingHTTPServer((own, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    base = f"http://{own}:{server.server_port}/{word}"
    try:
        yield [f"{base}/{number}.png" for number in range(len(pictures))]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def png(picture: Pictures) -> bytes:
    """One picture, uint8 [h, w], as a file."""
    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "PNG")
    return packed.getvalue()


class _Handler(BaseHTTPRequestHandler):
    """One picture a request."""

    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    shown: Pictures
    path_of: re.Pattern[str]

    def do_GET(self) -> None:
        """A picture, or 404."""
        found = self.path_of.fullmatch(self.path)
        if found is None or int(found[1]) >= len(self.shown):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = png(self.shown[int(found[1])])
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _own_address(place: str) -> str:
    """The address of this machine on the way to a server; nothing is sent."""
    there = urlsplit(place)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((there.hostname or "127.0.0.1", there.port or 80))
        return str(way.getsockname()[0])
