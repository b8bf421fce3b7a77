"""A toy shop that answers: real database, real queue or none, pictures embedded by hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from db.engine import write_transaction
from db.tables import visit
from simulator.shop.live.asking import PromptWorkforce
from simulator.shop.live.live_run import LiveRun, live_config, open_live
from simulator.shop.opening import OPEN, Premises
from simulator.shop.web.app import application
from simulator.shop.web.cookies import Signer
from simulator.shop.wish import Wish
from tests import factories
from workers.local_workforce import LocalWorkforce

SIGNER = Signer(b"k" * 32)


class ToyPremises(Premises):
    """Open at once: the toy catalogue has its vectors, and nothing is to be hired."""

    def __init__(
        self, engine: Engine, workforce: PromptWorkforce, *, policy: str = "blend"
    ) -> None:
        super().__init__(factories.context_of(engine), Wish(policy), workforce)
        self._base = None
        self.state = OPEN
        self.live()

    def _made(self, policy: str) -> LiveRun:
        """The live run of a policy on the toy catalogue."""
        found = factories.resolved(self.engine, policy=policy)
        config = live_config(found, None)
        return open_live(self.context, type(found)(config, found.items))


@contextmanager
def client_of(shop: Premises) -> Iterator[httpx.Client]:
    """Asks a shop as a browser would."""
    with serving(application(shop, SIGNER)) as client:
        yield client


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """Asks an application that is served on loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def open_shop(engine: Engine, *, policy: str = "blend") -> Iterator[tuple[Premises, httpx.Client]]:
    """A shop whose work is done by this process, and who asks it."""
    with LocalWorkforce(engine) as workforce:
        shop = ToyPremises(engine, workforce, policy=policy)
        with shop.decoder, client_of(shop) as client:
            yield shop, client


class NobodyWorks:
    """A workforce that hears the bell and does nothing."""

    def ring_first(self, work_ids: list[int]) -> None:
        """Nothing happens."""

    def ring(self, work_ids: list[int]) -> None:
        """Nothing happens."""


def age(engine: Engine, seconds: float) -> None:
    """Let time pass for all visits."""
    with write_transaction(engine) as conn:
        conn.execute(
            visit.update().values(seen=visit.c.seen - seconds, ended=visit.c.ended - seconds)
        )
