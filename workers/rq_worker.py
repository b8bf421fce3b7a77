"""RQ's worker, made to outlive what stands in Redis and to say in one line what ends it."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswerError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.serializers import JSONSerializer
from rq.timeouts import UnixSignalDeathPenalty

from db.errors import DependencyError, WorkError
from workers.hindrance import suspension
from workers.log import logger
from workers.queue import WorkJob, WorkQueue, queue

WORKER_SECONDS = 20
"""RQ listens for so long less 15 s at a time, and takes Redis for gone when 10 s later no answer
has come.
"""


BEAT_SECONDS = 1.0
"""Between two signs of life of a worker that does short jobs; RQ forgets it after 80 s."""


class Alarm(UnixSignalDeathPenalty):  # type: ignore[misc]  # RQ is not typed for us
    """RQ's alarm at a job's deadline. It may ring in the middle of an import: the interpreter then
    keeps half a module, and every later job fails over it. Libraries may turn what it raises into
    errors of their own.
    """

    has_rung = False

    def handle_death_penalty(self, signum: int, frame: FrameType | None) -> None:
        """Interrupt the job."""
        Alarm.has_rung = True
        super().handle_death_penalty(signum, frame)


class RqWorker(SimpleWorker):  # type: ignore[misc]  # RQ is not typed for us
    """Listens to our one queue: on two or more, RQ loses what was popped when a worker dies."""

    queue_class = WorkQueue
    job_class = WorkJob
    death_penalty_class = Alarm
    must_stop = False
    is_alone = False
    """Nobody else tells its user that RQ is suspended."""
    on_stop: Callable[[], None] = staticmethod(lambda: None)
    """Told of a stop signal: a job that waits for more to do then ends."""
    _beat = 0.0

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ's sign of life, in one exchange with Redis and at most once a second: RQ gives one
        three times a job, and a person waits for the first two.
        """
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
            return
        at = time.monotonic()
        if timeout is None and at - self._beat < BEAT_SECONDS:
            return
        with self.connection.pipeline(transaction=False) as together:
            super().heartbeat(timeout, together)
            together.execute()
        self._beat = at

    def perform_job(self, job: WorkJob, queue: WorkQueue, execution: Execution) -> bool:
        """The last job of this process, if the alarm rang."""
        is_done = bool(super().perform_job(job, queue, execution))
        self._stop_requested |= Alarm.has_rung
        return is_done

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT: finish the job at hand, or stop waiting for one."""
        self.must_stop = True
        self.on_stop()
        super().request_stop(signum, frame)

    def stop_before_work(self, *_: object) -> None:
        """The same before RQ listens to signals: it registers first, and would die of one
        meanwhile.
        """
        self.must_stop = self._stop_requested = True

    def check_for_suspension(self, burst: bool) -> None:
        """Wait while RQ is suspended, which is said once."""
        why = suspension(self.connection) if self.is_alone else None
        if why:
            logger().warning(why, action="queue_hindered")
        super().check_for_suspension(burst)
        if why:
            logger().warning("the queue is at work again", action="queue_back")

    def run_maintenance_tasks(self) -> None:
        """RQ's cleaning; a registry that somebody else has written into must not end the worker.

        A signal that comes meanwhile must. RQ raises it as an error, which its own cleaning may
        catch and log.
        """
        try:
            super().run_maintenance_tasks()
        except (NoConnectionError, NoAnswerError, StopRequested):
            raise
        except Exception as error:
            self.log.warning(
                "%s: cleaning was given up (%s: %s)", self.name, type(error).__name__, error
            )
        if self.must_stop:
            raise StopRequested


def serve_queue(
    connection: Redis,
    name: str,
    *,
    is_alone: bool = False,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve the queue until stopped.

    is_alone: this worker itself tells its user what keeps it from work. on_stop: called when a
    signal comes.

    Raises DependencyError when Redis went away: RQ gives up where it was in the middle of a job.
    WorkError after a job that was interrupted at its deadline.
    """
    worker = RqWorker(
        [queue(connection)],
        name=name,
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_SECONDS,
    )
    worker.is_alone = is_alone
    worker.on_stop = on_stop
    worker.log.addFilter(_in_one_line)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop_before_work)
    try:
        worker.work(logging_level="WARNING")
    except RedisError as error:
        raise _gone(error) from None
    if Alarm.has_rung:
        raise WorkError(
            "a job was interrupted at its deadline; whoever started this worker starts it again"
        )
    if not worker.must_stop:
        raise DependencyError(
            "RQ gave up, as said above; whoever started this worker starts it again"
        )


def _gone(error: RedisError) -> DependencyError:
    why = type(error).__name__
    return DependencyError(f"Redis went away ({why}); whoever started this worker starts it again")


def _in_one_line(record: logging.LogRecord) -> bool:
    """A filter that changes: the last line of a traceback stands for all of it."""
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        said = " ".join(str(error).split())[:200]
        record.msg = f"{record.getMessage().rstrip(' .,')}: {type(error).__name__}: {said}"
        record.args = ()
        record.exc_info = None
        record.exc_text = None
    return True
