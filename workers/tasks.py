"""What a worker does with a job: takes the work row, does it, or says why it could not."""

from __future__ import annotations

import faulthandler
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from sqlalchemy import Connection, Engine

from db import heartbeats, work
from db.engine import open_engine, read_transaction, write_transaction
from db.errors import DependencyError, FinalError
from workers import answer, embed, fold, offer, rank
from workers.heartbeat import Heartbeat
from workers.knowledge import Library
from workers.log import about, logger
from workers.metrics import WorkerMetrics
from workers.metrics_server import MetricsServer
from workers.news import announce
from workers.queue import WORKERS, connect, queue, ring
from workers.settings import Settings
from workers.standby import Alone, Standby, Watch

Choose = Callable[[list[work.Work]], list[work.Work]]
PerformAll = Callable[[Library, list[work.Work]], int]
PERFORMERS: dict[str, Callable[[Library, work.Work], int]] = {
    "embed": embed.perform,
    "rank": rank.perform,
    "fold": fold.perform,
    "answer": answer.perform,
    "offer": offer.perform,
}

TOGETHER: dict[str, tuple[Choose, PerformAll]] = {
    "answer": (answer.go_together, answer.perform_together),
}
"""Kinds of which a job takes all that waits: those that are done with a piece, and how."""

AWAITED = ("answer", "offer")
"""Kinds for which a person waits, and of which a worker that stands by is told."""

MOST_TOGETHER = 32
LONGEST_TURN = 2.0
"""Seconds after which a job takes up nothing more."""

APART_SECONDS = 10.0
"""What failed together is done piece by piece only if it failed sooner than this."""

GRACE_SECONDS = 2
"""RQ's own alarm comes first where Python still runs: it leaves a reason."""

_AT_WORK: list[tuple[Worker, Settings]] = []
"""The one worker of this process, put there by `work_until_stopped`: RQ calls functions, not
methods.
"""


class Worker:
    """One worker: a name, the database, and what it remembers between jobs."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.library = Library(engine)
        self.metrics = WorkerMetrics()
        self.announce: Callable[[list[work.Work]], None] = lambda _: None
        """Tells who waits what is answered."""
        self.turn: Callable[[Callable[[], None]], AbstractContextManager[Watch]] = lambda _: (
            nullcontext(Alone())
        )
        """Stands by for those who ask next."""
        self.ring_first: Callable[[int], object] = lambda _: None
        """Rings for a piece of work that a person waits for."""

    def perform(self, work_id: int) -> None:
        """Do one piece of work, and what waits to be done with it; the job may be a repeated one,
        or for work that is long done.

        Then what came in meanwhile for which people wait: their jobs find nothing to do.
        """
        until = time.monotonic() + LONGEST_TURN
        self.library.stopwatch.start()
        with write_transaction(self.engine) as conn:
            taken = self._take(conn, work_id)
        is_asked = not taken or taken[0].kind in TOGETHER
        taken = taken or self._next()
        if not taken:
            return
        self._do_all(taken)
        if is_asked:
            with self.turn(self._ring_for_rest) as watch:
                self._go_on(watch, until)

    def _go_on(self, watch: Watch, until: float) -> None:
        """Do what people asked for meanwhile, and what they ask for in the next moments."""
        while time.monotonic() < until:
            if taken := self._next():
                self._do_all(taken)
            elif not watch.heard(until):
                return

    def _ring_for_rest(self) -> None:
        """A job of its own for what we were told of and have not done."""
        with read_transaction(self.engine) as conn:
            waiting = work.oldest_untried(conn, AWAITED)
        if waiting is not None:
            self.ring_first(waiting)

    def _next(self) -> list[work.Work]:
        """What people wait for and nobody has in hand."""
        self.library.stopwatch.start()
        with read_transaction(self.engine) as conn:
            waiting = work.oldest_untried(conn, AWAITED)
        if waiting is None:
            return []
        with write_transaction(self.engine) as conn:
            return self._take(conn, waiting)

    def _do_all(self, taken: list[work.Work]) -> None:
        first = taken[0]
        self.library.stopwatch.lap("take")
        with about(work=first.id, kind=first.kind, run=f"{first.run:012x}", worker=self.name):
            if len(taken) == 1:
                self._do(first)
            else:
                self._do_together(taken)

    def _take(self, conn: Connection, work_id: int) -> list[work.Work]:
        taken = work.take(conn, work_id, self.name)
        if taken is None:
            return []
        if taken.kind not in TOGETHER:
            return [taken]
        choose, _ = TOGETHER[taken.kind]
        return work.take_alike(conn, taken, self.name, choose, MOST_TOGETHER - 1)

    def _do_together(self, taken: list[work.Work]) -> None:
        """Do all at once; when that fails each is done alone, so that one does not cost the
        others a try.
        """
        kind = taken[0].kind
        _, perform_all = TOGETHER[kind]
        began = time.monotonic()
        try:
            results = perform_all(self.library, taken)
        except DependencyError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            if time.monotonic() - began > APART_SECONDS:  # perhaps the alarm: no time is left
                for one in taken:
                    self._failed(one, reason)
                raise
            said = f"{len(taken)} pieces of {kind} failed together, each is done alone ({reason})"
            logger().warning(said, action="work_apart")
            self._do_apart(taken)
            return
        self._note_done(kind, results, taken)

    def _do_apart(self, taken: list[work.Work]) -> None:
        failures: list[Exception] = []
        for one in taken:
            self.library.stopwatch.start()
            try:
                self._do(one)
            except DependencyError:
                raise
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _do(self, taken: work.Work) -> None:
        try:
            results = PERFORMERS[taken.kind](self.library, taken)
        except DependencyError:
            raise  # without the database nothing can be noted
        except FinalError as error:
            self._failed(taken, str(error), is_final=True)
            return
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self._failed(taken, reason)
            raise
        self._note_done(taken.kind, results, [taken])

    def _note_done(self, kind: str, results: int, done: list[work.Work]) -> None:
        if kind in TOGETHER:
            self.announce(done)
        stages = self.library.stopwatch.seconds
        self.metrics.done(kind, results, stages, len(done))
        rounded = {stage: round(seconds, 4) for stage, seconds in stages.items()}
        logger().debug(f"{kind} done", action="work_done", results=results, **rounded)

    def _failed(self, taken: work.Work, reason: str, *, is_final: bool = False) -> None:
        with write_transaction(self.engine) as conn:
            is_parked = work.give_back(conn, taken.id, reason, worker=self.name, is_final=is_final)
        how = "parked" if is_parked else "failed"
        self.metrics.ended(taken.kind, how)
        said = reason.partition("\n")[0] if is_final else reason
        logger().warning(f"{taken.kind} {how}: {said}", action=f"work_{how}")


def perform(work_id: int) -> None:
    """The one function that a job may call."""
    worker, settings = _AT_WORK[0]
    # A thread of C that needs no interpreter: whatever hangs, the process is gone, and it says
    # where it hung.
    faulthandler.dump_traceback_later(settings.job_seconds + GRACE_SECONDS, exit=True)
    try:
        worker.perform(work_id)
    except DependencyError as error:
        # Without the database nothing can be given back: whoever restarts us does it for the dead.
        logger().error(str(error), action="database_away", worker=worker.name)
        os._exit(error.exit_code)
    finally:
        faulthandler.cancel_dump_traceback_later()


def work_until_stopped(settings: Settings, name: str, *, is_alone: bool = False) -> None:
    """Serve the queue in this process until SIGTERM, SIGINT, or the end of Redis.

    is_alone: no supervisor tells its user what keeps it from work.

    Raises DependencyError when Redis or the database does not answer.
    """
    # Half of RQ, and only a worker needs it.
    from workers.rq_worker import serve_queue  # noqa: PLC0415

    worker = Worker(open_engine(settings.database), name)
    _AT_WORK[:] = [(worker, settings)]
    connection = connect(settings.redis_url)
    worker.announce = partial(announce, connection)
    doorbell = queue(connection)
    standby = Standby(connection, doorbell.key, WORKERS)
    worker.turn = standby.turn
    worker.ring_first = lambda one: ring(doorbell, [one], seconds=settings.job_seconds, first=True)
    with (
        MetricsServer(settings, worker.metrics.registry) as served,
        Heartbeat(
            worker.engine,
            name,
            kind=heartbeats.WORKER,
            every=settings.heartbeat_seconds,
            metrics=served.address,
        ),
    ):
        logger().info(
            f"{name} is ready", action="worker_started", worker=name, metrics=served.address
        )
        rq_name = f"{name}-{os.getpid()}"
        serve_queue(connection, rq_name, is_alone=is_alone, on_stop=standby.stop)
        logger().info(f"{name} has stopped", action="worker_stopped", worker=name)
