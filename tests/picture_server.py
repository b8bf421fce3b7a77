"""A real HTTP server on loopback: serves what a test puts there, and keeps what it is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Serve = Callable[[BaseHTTPRequestHandler], None]


class PictureServer:
    """What lies at each path, and which paths were asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []
        self.at: dict[str, Serve] = {}
        self.closing = threading.Event()

    @property
    def host(self) -> str:
        """As `--fetch-hosts` names it."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://{self.host}{path}"

    def holds(self, path: str, content: bytes, status: int = 200, **headers: str) -> str:
        """Serve some bytes; gives their address."""

        def serve(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(content)

        self.at[path] = serve
        return self.url(path)

    def drips(self, path: str) -> str:
        """Serve a byte now and then, for ever; gives its address."""

        def serve(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            while not self.closing.wait(0.05):
                handler.wfile.write(b".")
                handler.wfile.flush()

        self.at[path] = serve
        return self.url(path)


@contextmanager
def serving() -> Iterator[PictureServer]:
    """One server, gone at the end."""
    made: list[PictureServer] = []

    class Handler(BaseHTTPRequestHandler):
        """Answers from the tables of the server."""

        def do_GET(self) -> None:
            """One picture."""
            made[0].asked.append(self.path)
            serve = made[0].at.get(self.path)
            with suppress(OSError):  # who asked gave up
                if serve is None:
                    self.send_error(404)
                else:
                    serve(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        made.append(PictureServer(http.server_port))
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield made[0]
        finally:
            made[0].closing.set()
            http.shutdown()
            thread.join()
