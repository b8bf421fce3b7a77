"""Serves the metrics of one process over HTTP: on loopback to anybody, elsewhere to who knows the
token.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from db import bounded
from db.errors import UsageError
from workers.settings import LARGEST_SECRET, Settings

PORTS_TRIED = 100
"""Several processes of one machine share a setting: each takes the first free port from there
on.
"""

SHORTEST_TOKEN = 16
LOOK_SECONDS = 0.1
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class MetricsServer:
    """A context in which the metrics are served; `address` is HOST:PORT, None when they are not
    asked for.

    Raises UsageError when the setting is no address, or lies outside loopback and has no token.
    """

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        self.address: str | None = None
        self._server: WSGIServer | None = None
        if settings.metrics:
            host, port = _host_and_port(settings.metrics)
            token = _token(settings.metrics_token_file)
            if token is None and not _is_loopback(host):
                raise UsageError(
                    f"metrics at {settings.metrics} could be read by others; name a file with a"
                    " token in WINDOWSHOP_METRICS_TOKEN_FILE, or serve them at 127.0.0.1"
                )
            self._server = _listen(host, port, _guarded(make_wsgi_app(registry), token))
            self.address = f"{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        if self._server is not None:
            serve = self._server.serve_forever
            threading.Thread(
                target=serve, args=(LOOK_SECONDS,), name="metrics", daemon=True
            ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10

    # The name in the base class.
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """A scrape every few seconds is no news."""


def _listen(host: str, port: int, application: Application) -> WSGIServer:
    class Server(_Server):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    tried = range(port, min(port + PORTS_TRIED, 65536)) if port else [0]
    for number in tried:
        try:
            return make_server(host, number, application, server_class=Server, handler_class=_Quiet)
        except UnicodeError:  # of a host's name that can be none
            reason = "no name of a host"
        except OSError as error:
            reason = error.strerror or str(error)
    raise UsageError(
        f"metrics cannot be served at {host}:{port} ({reason}); set WINDOWSHOP_METRICS to another"
    )


def _guarded(application: Application, token: str | None) -> Application:
    """The application, for who bears the token."""
    if token is None:
        return application
    wanted = f"Bearer {token}".encode()

    def ask(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
        if hmac.compare_digest(given, wanted):
            return application(environ, start_response)
        start_response(
            "401 Unauthorized", [("WWW-Authenticate", "Bearer"), ("Content-Type", "text/plain")]
        )
        return [b"a token is needed: Authorization: Bearer TOKEN\n"]

    return ask


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise UsageError(
            f"WINDOWSHOP_METRICS wants HOST:PORT, found {address!r}; give 127.0.0.1:9464 for one"
        )
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token(file: str) -> str | None:
    if not file:
        return None
    try:
        token = bounded.read(Path(file), LARGEST_SECRET).decode().strip()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the token file {file} cannot be read ({error}); see WINDOWSHOP_METRICS_TOKEN_FILE"
        ) from None
    if len(token) < SHORTEST_TOKEN:
        raise UsageError(
            f"the token in {file} has {len(token)} characters, at least {SHORTEST_TOKEN} are"
            f" wanted; `openssl rand -hex 24 > {file}` makes one"
        )
    return token
