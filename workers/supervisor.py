"""Keeps the hands at work: Valkey, worker processes, relay; restarts what dies, slower each time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import uuid4

from sqlalchemy import Engine

from db import work
from db.engine import reading, writing
from db.errors import WindowshopError
from workers import queue
from workers.redis_server import EmbeddedServer
from workers.relay import ring_overdue
from workers.settings import Settings, for_child

LOOK_SECONDS = 0.1
STEADY_SECONDS = 30.0
"""A worker that lived this long died of something new: its back-off starts over."""
LONGEST_PAUSE = 5.0
"""Short enough that work is done within 30 seconds of a fault's end."""
STOP_SECONDS = 10.0


@dataclass
class _Hand:
    """One worker process and its history."""

    name: str
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    next_start: float = 0.0


@dataclass
class Supervisor:
    """A context in which the queue is answered; after it nothing is left running."""

    settings: Settings
    engine: Engine
    module: str = "workers"
    """What a worker process runs; the fault tests have workers that die where they are told to."""
    restarts: int = 0
    _hands: list[_Hand] = field(default_factory=list)
    _server: EmbeddedServer | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        if not self.settings.redis_url:
            self._server = EmbeddedServer()
            self.settings = self.settings.model_copy(update={"redis_url": self._server.url})
        self._lifeline, self._held = os.pipe()
        try:
            self.doors = queue.queue(queue.connect(self.settings.redis_url))
            self._hands = [self._hire() for _ in range(self.settings.workers)]
        except BaseException:
            self._end()
            raise
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._end()

    def ring(self, work_ids: list[int]) -> None:
        """Ring for work that was just written."""
        queue.ring(self.doors, work_ids, seconds=self.settings.job_seconds)

    @property
    def pids(self) -> dict[str, int]:
        """The worker processes that live now, by name."""
        return {hand.name: hand.process.pid for hand in self._hands if hand.process.poll() is None}

    def _hire(self) -> _Hand:
        name = f"worker-{uuid4().hex[:12]}"
        return _Hand(name, self._exec(name), time.monotonic())

    def _exec(self, name: str) -> subprocess.Popen[bytes]:
        """Start a worker by exec: a fork of a process that ran TensorFlow would hang."""
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", self.module, "--name", name, "--lifeline", str(self._lifeline)],
            env=for_child(self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(self._lifeline,),
            start_new_session=True,  # Ctrl-C is for us; we tell the workers
        )

    def _watch(self) -> None:
        """Look after server, workers and bells until told to stop."""
        rang = time.monotonic()
        while not self._stop.wait(LOOK_SECONDS):
            try:
                if self._server is not None and self._server.revive():
                    self.restarts += 1
                for hand in self._hands:
                    self._look_after(hand)
                if time.monotonic() - rang > self.settings.relay_seconds:
                    rang = time.monotonic()
                    self._relay()
            except WindowshopError as error:  # the database is away for a moment; the next look tries again
                print(f"windowshop: {error}", file=sys.stderr)  # noqa: T201 - an operator must see it

    def _look_after(self, hand: _Hand) -> None:
        now = time.monotonic()
        if hand.process.poll() is None:
            return
        if not hand.next_start:
            hand.deaths = 1 if now - hand.started > STEADY_SECONDS else hand.deaths + 1
            hand.next_start = now + min(LONGEST_PAUSE, 0.1 * 2 ** (hand.deaths - 1))
            self._give_back(hand.name)
        elif now >= hand.next_start:
            hand.name, hand.next_start, hand.started = f"worker-{uuid4().hex[:12]}", 0.0, now
            hand.process = self._exec(hand.name)
            self.restarts += 1

    def _give_back(self, name: str) -> None:
        with writing(self.engine) as conn:
            ids = work.give_back_all_of(conn, name)
        if ids:
            self.ring(ids)

    def _relay(self) -> None:
        """Ring again, and end workers that sit on a job past its deadline: native code hears no signal."""
        with reading(self.engine) as conn:
            stuck = work.holders_longer_than(conn, self.settings.job_seconds)
        for hand in self._hands:
            if hand.name in stuck and hand.process.poll() is None:
                hand.process.kill()
        ring_overdue(
            self.engine, self.doors, after=self.settings.relay_seconds, seconds=self.settings.job_seconds
        )

    def _end(self) -> None:
        """Ask the workers to stop, insist after a while, then end the server."""
        for hand in self._hands:
            if hand.process.poll() is None:
                hand.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for hand in self._hands:
            try:
                hand.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                hand.process.kill()
                hand.process.wait()
        os.close(self._held)
        os.close(self._lifeline)
        if self._server is not None:
            self._server.stop()
