"""The one RQ queue: its jobs carry the id of a work row and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job, validate_job_id
from rq.serializers import JSONSerializer

from db.errors import DependencyError, UsageError
from workers.addresses import without_secrets
from workers.deadline import within
from workers.hindrance import refusal
from workers.standby import tell

NAME = "windowshop"
PERFORM = "workers.tasks.perform"
ALLOWED = frozenset({PERFORM})
FAILURE_SECONDS = 86_400
OLDEST_REDIS = (6, 2)
"""The first that moves a job from list to list in one step while it waits for it (BLMOVE)."""

ANSWER_SECONDS = 5
"""How long Redis may take for an answer, unless its address says otherwise; who listens waits
longer.
"""

WHOLE_SECONDS = 15.0
"""And how long for the whole of the first exchange: a server that drips keeps every single read."""

IN_HAND = IntermediateQueue.get_intermediate_queue_key(
    f"{Queue.redis_queue_namespace_prefix}{NAME}"
)
"""Where RQ keeps the ids that were popped and are not being worked on yet."""

WORKERS = f"rq:workers:{NAME}"
"""Where RQ keeps the names of the workers of our queue."""

QUARANTINE = "windowshop:quarantine:"
"""Where a job that cannot be read is kept for a day, for whoever looks into it."""

_log = logging.getLogger(__name__)


class WorkJob(Job):  # type: ignore[misc]  # RQ is not typed for us
    """An RQ job that may call the functions of ALLOWED and nothing else.

    RQ imports whatever dotted path stands in Redis, callbacks included: who writes there could run
    anything.
    """

    def refresh(self) -> None:
        """Read the job from Redis; what cannot be read goes into quarantine and is a job no more.

        RQ lets any other error than NoSuchJobError end the worker, and the next worker after it.
        """
        try:
            super().refresh()
        except (NoConnectionError, NoAnswerError):
            raise
        except NoSuchJobError:  # RQ would leave its id among those in hand until its next cleaning
            self.connection.lrem(IN_HAND, 0, self.id)
            raise
        except Exception as error:
            _quarantine(self.connection, self.id, error)
            raise NoSuchJobError(f"job {self.id!r} is in quarantine") from None

    def restore(self, raw_data: Any) -> Any:
        """Read the job from Redis, without its callbacks and webhooks."""
        restored = super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = (
            None
        )
        self.webhooks: list[Any] = []
        return restored

    @property
    def func(self) -> Any:
        """The function to call; ValueError when it is not one of ours."""
        if self.func_name not in ALLOWED or self.instance is not None:
            raise ValueError(
                f"refused to run {self.func_name!r}: only {', '.join(sorted(ALLOWED))} may run"
            )
        return super().func


class WorkQueue(Queue):  # type: ignore[misc]  # RQ is not typed for us
    """An RQ queue in which an id that is none costs nobody's life."""

    @classmethod
    def lmove(cls, connection: Redis, queue_key: str, timeout: int | None) -> Any:
        """Move the next id to the intermediate list and give it, passing over those that are
        none.
        """
        while (popped := super().lmove(connection, queue_key, timeout)) is not None:
            try:
                validate_job_id(popped[1].decode())
            except ValueError:  # UnicodeDecodeError is one
                _log.warning("%.80r is no id of a job: removed", popped[1])
                connection.lrem(f"{queue_key}:intermediate", 0, popped[1])
            else:
                return popped
        return None


def _quarantine(connection: Redis, job_id: str, error: Exception) -> None:
    """Put a job aside: out of the way of every worker, within reach of an operator."""
    _log.warning(
        "job %.80r cannot be read (%s: %s): in quarantine", job_id, type(error).__name__, error
    )
    place = QUARANTINE + job_id[:80]
    with connection.pipeline() as pipe:
        pipe.rename(WorkJob.key_for(job_id), place)
        pipe.expire(place, FAILURE_SECONDS)
        pipe.lrem(IN_HAND, 0, job_id)
        pipe.execute(raise_on_error=False)


def connect(url: str) -> Redis:
    """A connection that answered and may be written to.

    Raises DependencyError when nobody answers or writes are refused, UsageError when the address is
    none.
    """
    place = without_secrets(url)
    try:
        connection = Redis.from_url(
            url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS
        )
        version, mode, refused = within(_patience(connection), lambda: _asked(connection))
    except TimeoutError:
        connection.connection_pool.disconnect()  # or who waits for the rest would do so for ever
        raise DependencyError(
            f"Redis at {place} gave no whole answer within {_patience(connection):.0f} s; "
            "look what listens there, or unset REDIS_URL to use the embedded one"
        ) from None
    except TypeError:
        raise UsageError(
            f"REDIS_URL has a parameter that is unknown ({_parameters(url)}); "
            "give redis://HOST:6379/0, and in a password write ? as %3F"
        ) from None
    except ValueError:  # which may show a part of a password as a port
        raise UsageError(
            "REDIS_URL is not an address; give redis://HOST:6379/0 with a port up to 65535, "
            f"and in a password write / as %2F, # as %23{_or_values(url)}"
        ) from None
    except AuthenticationError:
        raise DependencyError(
            f"Redis at {place} refuses our password, or wants one; give it in REDIS_URL as"
            " redis://:PASSWORD@HOST:6379/0, or in the file that WINDOWSHOP_REDIS_PASSWORD_FILE"
            " names"
        ) from None
    except RedisError as error:
        raise DependencyError(
            f"Redis does not answer at {place} ({type(error).__name__}); "
            "start it, or unset REDIS_URL to use the embedded one"
        ) from None
    if tuple(map(int, version.split(".")[:2])) < OLDEST_REDIS:
        oldest = ".".join(map(str, OLDEST_REDIS))
        raise DependencyError(
            f"the Redis at {place} is {version}; at least {oldest} is wanted: update it, "
            "or unset REDIS_URL to use the embedded one"
        )
    if mode != "standalone":
        connection.close()
        raise DependencyError(
            f"Redis at {place} is no single server but a {mode}, which RQ cannot use: "
            "name one Redis or Valkey, or unset REDIS_URL to use the embedded one"
        )
    if refused:
        connection.close()
        raise DependencyError(f"Redis at {place} refuses writes: {refused}")
    return connection


def _asked(connection: Redis) -> tuple[str, str, str | None]:
    """Its version; whether it is standalone, cluster or sentinel; and why it refuses writes, if it
    does.
    """
    server = connection.info("server")
    mode = str(server.get("redis_mode") or server.get("server_mode", "standalone"))  # Valkey's name
    return str(server["redis_version"]), mode, refusal(connection)


def _patience(connection: Redis) -> float:
    """Seconds for the whole first exchange; more where the address gives one answer more."""
    told = connection.connection_pool.connection_kwargs.get("socket_timeout")
    return max(WHOLE_SECONDS, float(told or 0))


def _or_values(url: str) -> str:
    """That a value after ? may be wrong instead, where there is one."""
    return f"; or a value is none that fits ({_parameters(url)})" if "?" in url else ""


def _parameters(url: str) -> str:
    """The names of an address's parameters; nothing where a password may be among them."""
    query = url.partition("?")[2]
    return (
        "after ?" if "@" in query else ", ".join(one.partition("=")[0] for one in query.split("&"))
    )


def queue(connection: Redis) -> WorkQueue:
    """The one queue."""
    return WorkQueue(NAME, connection=connection, job_class=WorkJob, serializer=JSONSerializer)


def ring(work_queue: Queue, work_ids: Iterable[int], *, seconds: int, first: bool = False) -> bool:
    """Ring for work rows; False when Redis is away: the relay will ring again.

    first: before all that waits; a person is waiting for it. A worker that stands by is told, and
    there is no job then.
    """
    try:
        if first and tell(work_queue.connection):
            return True
    except RedisError:
        return False
    jobs = [
        Queue.prepare_data(
            PERFORM,
            args=(work_id,),
            timeout=seconds,
            result_ttl=0,
            failure_ttl=FAILURE_SECONDS,
            job_id=f"work-{work_id}-{uuid4().hex[:8]}",  # two of one id would share a hash
            description=f"work {work_id}",
            at_front=first,
        )
        for work_id in work_ids
    ]
    try:
        work_queue.enqueue_many(jobs)
    except RedisError:
        return False
    return True


def jobs_waiting(work_queue: Queue) -> int:
    """How many jobs nobody has taken yet; 0 when Redis is away."""
    try:
        return int(work_queue.count)
    except RedisError:
        return 0
