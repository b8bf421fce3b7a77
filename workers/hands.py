"""RQ's worker, made to outlive what stands in Redis and to say in one line what ends it."""

from __future__ import annotations

import logging
import signal
from types import FrameType

from redis import Redis
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswerError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from db.errors import DependencyError
from workers.queue import Bell, Doors, queue

WORKER_SECONDS = 20
"""RQ listens for so long less 15 s at a time, and takes Redis for gone when 10 s later no answer has come."""


class Hands(SimpleWorker):  # type: ignore[misc]  # RQ is not typed for us
    """Listens to our one queue: on two or more, RQ loses what was popped when a worker dies."""

    queue_class = Doors
    job_class = Bell
    told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT: finish the job at hand, or stop waiting for one."""
        self.told_to_stop = True
        super().request_stop(signum, frame)

    def stop_before_work(self, *_: object) -> None:
        """The same before RQ listens to signals: it registers first, and would die of one meanwhile."""
        self.told_to_stop = self._stop_requested = True

    def run_maintenance_tasks(self) -> None:
        """RQ's cleaning; a registry that somebody else has written into must not end the worker."""
        try:
            super().run_maintenance_tasks()
        except (NoConnectionError, NoAnswerError):
            raise
        except Exception as error:
            self.log.warning("%s: cleaning was given up (%s: %s)", self.name, type(error).__name__, error)


def answer_bells(connection: Redis, name: str) -> None:
    """Answer until told to stop.

    Raises DependencyError when Redis went away: RQ gives up where it was in the middle of a job.
    """
    hands = Hands(
        [queue(connection)],
        name=name,
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_SECONDS,
    )
    hands.log.addFilter(_in_one_line)
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, hands.stop_before_work)
    try:
        hands.work(logging_level="WARNING")
    except RedisError as error:
        raise _gone(error) from None
    if not hands.told_to_stop:
        raise DependencyError("RQ gave up, as said above; whoever started this worker starts it again")


def _gone(error: RedisError) -> DependencyError:
    why = type(error).__name__
    return DependencyError(f"Redis went away ({why}); whoever started this worker starts it again")


def _in_one_line(record: logging.LogRecord) -> bool:
    """A filter that changes: the last line of a traceback stands for all of it."""
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        said = " ".join(str(error).split())[:200]
        record.msg = f"{record.getMessage().rstrip(' .,')}: {type(error).__name__}: {said}"
        record.args, record.exc_info, record.exc_text = (), None, None
    return True
