"""The heartbeat of a process: a thread that says every few seconds, in the database, that it
lives.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from db import heartbeats
from db.engine import write_transaction
from db.errors import WindowshopError
from db.heartbeats import Process
from workers.log import logger

STOP_SECONDS = 5.0


class Heartbeat:
    """A context in which this process beats; whoever leaves it in order leaves no row behind."""

    def __init__(
        self, engine: Engine, name: str, *, kind: str, every: float, metrics: str | None = None
    ) -> None:
        self._engine = engine
        self._process = Process(name, kind, socket.gethostname(), os.getpid(), every, metrics)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(STOP_SECONDS)
        with (
            contextlib.suppress(WindowshopError),
            write_transaction(self._engine) as conn,
        ):  # then silence will tell
            heartbeats.stop(conn, [self._process.name])

    def _beat_on(self) -> None:
        while not self._stop.wait(self._process.every):
            try:
                self._beat()
            except (
                Exception
            ) as error:  # the database is away; whatever it says, the next beat tries again
                what = f"no heartbeat ({type(error).__name__}: {str(error)[:200]})"
                logger().info(what, action="beat_missed", worker=self._process.name)

    def _beat(self) -> None:
        with write_transaction(self._engine) as conn:
            heartbeats.beat(conn, self._process)
