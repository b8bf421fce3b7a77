"""`windowshop serve`: a server that answers at once, and the shop that opens behind it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from db.errors import UsageError, WindowshopError
from simulator.shop.doorway import Doorway
from simulator.shop.wish import Wish, refuse_unless_offered

if TYPE_CHECKING:
    from simulator.installation.context import Context
    from simulator.shop.opening import Premises

BACKLOG = 512
GOODBYE_SECONDS = 3
Ready = Callable[[dict[str, Any]], None]


def serve(
    installed: Callable[[], Context],
    wish: Wish,
    ready: Ready,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    names: Sequence[str] = (),
) -> None:
    """Serve until somebody stops us by SIGTERM or Ctrl-C.

    installed: opens the installation, once we answer. names: what it may be called beside its
    address and the names of this machine.
    Raises UsageError for an address that is taken, and what kept the shop from opening.
    """
    refuse_unless_offered(wish.policy)
    listening = _listen(host, port)
    address = _address(host, listening.getsockname()[1])
    doorway = Doorway()
    server = _Announced(
        uvicorn.Config(
            doorway,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GOODBYE_SECONDS,
        ),
        lambda: ready({"address": address, "policy": wish.policy}),
    )
    carried = _Carried(installed, wish, (host, *names), doorway, server.stop)
    carried.start()
    try:
        with suppress(KeyboardInterrupt):  # that is how it ends well
            server.run([listening])
    finally:
        if carried.shop is not None:
            carried.shop.close()
    error = carried.error or (carried.shop.error if carried.shop else None)
    if error is not None:
        raise error


class _Carried(threading.Thread):
    """Carries the shop in: what it imports takes longer than to answer."""

    def __init__(
        self,
        installed: Callable[[], Context],
        wish: Wish,
        names: Sequence[str],
        doorway: Doorway,
        on_failure: Callable[[], None],
    ) -> None:
        super().__init__(name="carried", daemon=True)
        self.shop: Premises | None = None
        self.error: WindowshopError | None = None
        self._installed = installed
        self._wish = wish
        self._names = names
        self._doorway = doorway
        self._on_failure = on_failure

    def run(self) -> None:
        """Open the installation, put the shop behind the door, and begin to open it."""
        from simulator.shop.opening import Premises  # noqa: PLC0415 - seconds
        from simulator.shop.web.app import application  # noqa: PLC0415
        from simulator.shop.web.cookies import signer  # noqa: PLC0415
        from simulator.shop.web.guards import LOOPBACK  # noqa: PLC0415
        from simulator.shop.web.nearby import is_loopback  # noqa: PLC0415
        from simulator.shop.web.tokens import Tokens, place_of, token_of  # noqa: PLC0415

        try:
            context = self._installed()
            shop = Premises(context, self._wish)
            shop.on_failure = self._on_failure
            key = signer(context.settings.home)
            nearby = is_loopback(self._names[0])
            if not nearby:
                context.talk.say(
                    "others can reach this shop: writing over the API takes the token in"
                    f" {place_of(context.settings.home)}"
                )
            self._doorway.within = application(
                shop,
                key,
                hosts=(*LOOPBACK, *self._names),
                tokens=None if nearby else Tokens(token_of(context.settings.home)),
                listens_nearby=nearby,
            )
            self.shop = shop
            shop.begin()
        except WindowshopError as error:
            self.error = error
            self._on_failure()


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
    # named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms for every answer
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
