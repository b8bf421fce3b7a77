"""Keeps workers at work: Valkey, worker processes, relay; restarts what dies, slower each time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import uuid4

from sqlalchemy import Engine

from db import heartbeats, work
from db.engine import read_transaction, write_transaction
from db.errors import DependencyError, WindowshopError
from workers import dead, queue
from workers.heartbeat import Heartbeat
from workers.hindrance import hindrance
from workers.log import logger
from workers.metrics import SupervisorMetrics
from workers.metrics_server import MetricsServer
from workers.news import Hear, News
from workers.redis_server import EmbeddedServer
from workers.relay import ring_overdue, take_from_silent
from workers.settings import Settings, for_child

LOOK_SECONDS = 0.1
STEADY_SECONDS = 30.0
"""A worker that lived this long died of something new: its back-off starts over."""
LONGEST_PAUSE = 5.0
"""Short enough that work is done within 30 seconds of a fault's end."""
AWAY_SECONDS = 1.0
"""Between two looks while the database is away."""
STOP_SECONDS = 10.0
GRACE_SECONDS = 3.0
"""A worker notices its own deadline first, where it can."""


@dataclass
class _Hired:
    """One worker process and its history."""

    name: str
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    next_start: float = 0.0


@dataclass
class Supervisor:
    """A context in which workers serve the queue; after it nothing is left running."""

    settings: Settings
    engine: Engine
    module: str = "workers"
    """What a worker process runs; the fault tests have workers that die where they are told to."""
    restarts: int = 0
    _workers: list[_Hired] = field(default_factory=list)
    _server: EmbeddedServer | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _known: ExitStack = field(default_factory=ExitStack)
    _owed: dict[str, int] = field(default_factory=dict)
    """Exit codes of the dead by name, until what they held is given back: the database may be away,
    too.
    """
    _hindrance: str | None = None
    """What kept the queue from work at the last look; it is said once."""

    def __enter__(self) -> Self:
        if not self.settings.redis_url:
            self._server = EmbeddedServer()
            self.settings = self.settings.model_copy(update={"redis_url": self._server.url})
        self._lifeline, self._held = os.pipe()
        try:
            self.work_queue = queue.queue(queue.connect(self.settings.redis_url))
            self._become_known()
            self._workers = [self._hire() for _ in range(self.settings.workers)]
        except BaseException:
            self._end()
            raise
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._end()

    def ring(self, work_ids: list[int]) -> None:
        """Ring for work that was just written."""
        queue.ring(self.work_queue, work_ids, seconds=self.settings.job_seconds)

    def ring_first(self, work_ids: list[int]) -> None:
        """Ring for work that a person waits for: it comes before what waits already."""
        seconds = self.settings.job_seconds
        queue.ring(self.work_queue, work_ids, seconds=seconds, first=True)

    def listen(self, hear: Hear) -> News:
        """Hear of people's requests that are answered, until it is closed."""
        return News(self.work_queue.connection, hear)

    def _become_known(self) -> None:
        """Metrics and heartbeat, for as long as we are in charge."""
        self.metrics = SupervisorMetrics(self.engine)
        served = self._known.enter_context(MetricsServer(self.settings, self.metrics.registry))
        with write_transaction(self.engine) as conn:
            heartbeats.forget_old(conn)
        dead.forget(self.engine)
        self._known.enter_context(
            Heartbeat(
                self.engine,
                f"supervisor-{uuid4().hex[:12]}",
                kind=heartbeats.SUPERVISOR,
                every=self.settings.heartbeat_seconds,
                metrics=served.address,
            )
        )

    @property
    def pids(self) -> dict[str, int]:
        """The worker processes that live now, by name."""
        return {
            hired.name: hired.process.pid for hired in self._workers if hired.process.poll() is None
        }

    def _hire(self) -> _Hired:
        name = f"worker-{uuid4().hex[:12]}"
        return _Hired(name, self._exec(name), time.monotonic())

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
        """Look after server, workers and relay until stopped."""
        rang = time.monotonic()
        is_away = False
        while not self._stop.wait(AWAY_SECONDS if is_away else LOOK_SECONDS):
            try:
                if self._server is not None and self._server.revive():
                    self._count_restart("valkey")
                for hired in self._workers:
                    self._look_after(hired)
                is_time = time.monotonic() - rang > self.settings.relay_seconds
                if is_time:  # before we write: one that stands still may be what keeps us from it
                    rang = time.monotonic()
                    self._tell_hindrance()
                    self._end_overdue()
                self._settle()
                if is_time:
                    self._relay()
                if is_away:
                    logger().warning("the database answers again", action="database_back")
                is_away = False
            except (
                WindowshopError
            ) as error:  # the database is away for a moment; the next look tries again
                if not is_away:
                    logger().warning(str(error), action="database_away")
                is_away = True

    def _tell_hindrance(self) -> None:
        """Say once why nobody works although Redis answers, and once that it is over."""
        found = hindrance(self.work_queue.connection)
        if found and found != self._hindrance:
            logger().warning(found, action="queue_hindered")
        elif self._hindrance and not found:
            logger().warning("the queue is at work again", action="queue_back")
        self._hindrance = found

    def _look_after(self, hired: _Hired) -> None:
        now = time.monotonic()
        code = hired.process.poll()
        if code is None:
            return
        if not hired.next_start:
            hired.deaths = 1 if now - hired.started > STEADY_SECONDS else hired.deaths + 1
            pause = min(LONGEST_PAUSE, 0.1 * 2 ** (hired.deaths - 1))
            hired.next_start = now + pause
            logger().warning(
                f"{hired.name} died ({_how(code)}); another starts in {pause:g} s",
                action="worker_died",
                worker=hired.name,
            )
            self._owed[hired.name] = code
        elif now >= hired.next_start:
            hired.name = f"worker-{uuid4().hex[:12]}"
            hired.next_start = 0.0
            hired.started = now
            hired.process = self._exec(hired.name)
            self._count_restart("worker")

    def _count_restart(self, what: str) -> None:
        self.restarts += 1
        self.metrics.restarts.labels(what).inc()
        logger().info(f"a {what} was started again", action=f"{what}_restarted")

    def _settle(self) -> None:
        """Give back what the dead held."""
        for name, code in list(self._owed.items()):
            is_blameless = code in {0, DependencyError.exit_code}
            with write_transaction(self.engine) as conn:
                ids = work.give_back_all_of(
                    conn, name, f"died ({_how(code)})", is_blameless=is_blameless
                )
                heartbeats.stop(conn, [name])
                is_settled = not work.is_held(conn, name)
            if is_settled:
                del self._owed[name]
            self._ring_for_given_back(ids)

    def _ring_for_given_back(self, ids: list[int]) -> None:
        self.metrics.given_back.inc(len(ids))
        if ids:
            self.ring(ids)

    def _end_overdue(self) -> None:
        """End workers that sit on a job past its deadline: native code hears no signal."""
        seconds = self.settings.job_seconds
        with read_transaction(self.engine) as conn:
            stuck = work.holders_longer_than(conn, seconds + GRACE_SECONDS)
        for hired in self._workers:
            if hired.name in stuck and hired.process.poll() is None:
                logger().warning(
                    f"{hired.name} sat on a job for more than {seconds} s and is killed",
                    action="deadline_kill",
                    worker=hired.name,
                )
                hired.process.kill()
                self.metrics.deadline_kills.inc()

    def _relay(self) -> None:
        """Ring again for what the silent held, and for what waits too long."""
        seconds = self.settings.job_seconds
        self._ring_for_given_back(take_from_silent(self.engine, watched=self.pids))
        late = ring_overdue(
            self.engine, self.work_queue, after=self.settings.relay_seconds, seconds=seconds
        )
        self.metrics.rung_again.inc(late)

    def _end(self) -> None:
        """Ask the workers to stop, insist after a while, then end the server."""
        for hired in self._workers:
            if hired.process.poll() is None:
                hired.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for hired in self._workers:
            try:
                hired.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                hired.process.kill()
                hired.process.wait()
                self._owed[hired.name] = 0
        with suppress(WindowshopError):  # then their silence will tell
            self._settle()
        self._known.close()
        os.close(self._held)
        os.close(self._lifeline)
        if self._server is not None:
            self._server.stop()


def _how(code: int) -> str:
    """What a process died of, in words."""
    return f"signal {-code}" if code < 0 else f"exit code {code}" if code else "stopped"
