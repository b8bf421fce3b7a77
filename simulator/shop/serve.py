"""`windowshop serve`: a server that answers at once, and the shop that opens behind it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import uvicorn

from db.errors import UsageError
from simulator.installation.context import Context
from simulator.shop.opening import Premises, Wish, refuse_unless_offered
from simulator.shop.web.app import application
from simulator.shop.web.cookies import signer
from simulator.shop.web.guards import LOOPBACK

BACKLOG = 512
GOODBYE_SECONDS = 3
Ready = Callable[[dict[str, Any]], None]


def serve(
    context: Context,
    wish: Wish,
    ready: Ready,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    names: Sequence[str] = (),
) -> None:
    """Serve until somebody stops us by SIGTERM or Ctrl-C.

    names: what it may be called beside its address and the names of this machine.
    Raises UsageError for an address that is taken, and what kept the shop from opening.
    """
    refuse_unless_offered(wish.policy)
    listening = _listen(host, port)
    address = _address(host, listening.getsockname()[1])
    shop = Premises(context, wish)
    app = application(shop, signer(context.settings.home), hosts=(*LOOPBACK, host, *names))
    server = _Announced(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GOODBYE_SECONDS,
        ),
        lambda: ready({"address": address, "policy": wish.policy}),
    )
    shop.on_failure = server.stop
    shop.begin()
    try:
        with suppress(KeyboardInterrupt):  # that is how it ends well
            server.run([listening])
    finally:
        shop.close()
    if shop.error is not None:
        raise shop.error


class _Announced(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, answers: Callable[[], None]) -> None:
        super().__init__(config)
        self._answers = answers

    def stop(self) -> None:
        """Answer no more."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._answers()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host.strip("[]"), port))
        found.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        found.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"nothing can be served at {host}:{port} ({reason}); choose another with --host and"
            " --port"
        ) from None
    return found


def _address(host: str, port: int) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{port}/"
