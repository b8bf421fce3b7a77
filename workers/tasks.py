"""What a worker does with a job: takes the work row, does it, or says why it could not."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable

from sqlalchemy import Engine

from db import heartbeats, work
from db.engine import open_engine, write_transaction
from db.errors import DependencyError, FinalError
from workers import answer, embed, fold, offer, rank
from workers.heartbeat import Heartbeat
from workers.knowledge import Library
from workers.log import about, logger
from workers.metrics import WorkerMetrics
from workers.metrics_server import MetricsServer
from workers.queue import connect
from workers.settings import Settings

PERFORMERS: dict[str, Callable[[Library, work.Work], int]] = {
    "embed": embed.perform,
    "rank": rank.perform,
    "fold": fold.perform,
    "answer": answer.perform,
    "offer": offer.perform,
}

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

    def perform(self, work_id: int) -> None:
        """Do one piece of work; the job may be a repeated one, or for work that is long done."""
        self.library.stopwatch.start()
        with write_transaction(self.engine) as conn:
            taken = work.take(conn, work_id, self.name)
        if taken is None:
            return
        self.library.stopwatch.lap("take")
        with about(work=work_id, kind=taken.kind, run=f"{taken.run:012x}", worker=self.name):
            self._do(taken)

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
        stages = self.library.stopwatch.seconds
        self.metrics.done(taken.kind, results, stages)
        rounded = {stage: round(seconds, 4) for stage, seconds in stages.items()}
        logger().debug(f"{taken.kind} done", action="work_done", results=results, **rounded)

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
        serve_queue(connection, f"{name}-{os.getpid()}", is_alone=is_alone)
        logger().info(f"{name} has stopped", action="worker_stopped", worker=name)
