"""What keeps a Redis that answers from work: it refuses writes, or somebody suspended RQ."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as NoAnswerError
from rq.suspension import is_suspended

PROBE = "windowshop:probe"
"""A key that is written to see whether writing is allowed; it is gone after a second."""

CURES: tuple[tuple[type[RedisError], str], ...] = (
    (ReadOnlyError, "it is a read-only replica: name its primary in REDIS_URL"),
    (OutOfMemoryError, "it is full: raise its maxmemory, or empty it"),
    (NoPermissionError, "its user has too few rights: allow it ~* &* +@all (ACL SETUSER)"),
)
OTHERWISE = "see its log; often its disk is full: free some space"
SUSPENDED = (
    "RQ is suspended, so no worker takes work; `rq resume --url REDIS_URL` lets it go on,"
    " nothing is lost"
)


def refusal(connection: Redis) -> str | None:
    """Why this Redis may not be written, with the cure; None where it may.

    Raises RedisError when it does not answer at all.
    """
    try:
        connection.set(PROBE, 1, px=1000)
    except (NoConnectionError, NoAnswerError):
        raise
    except RedisError as error:
        return _refused(error)
    return None


def suspension(connection: Redis) -> str | None:
    """That RQ is suspended, with the cure; None where it is not, or nobody answers."""
    try:
        return SUSPENDED if is_suspended(connection) else None
    except RedisError:
        return None


def hindrance(connection: Redis) -> str | None:
    """Why nobody works although Redis answers; None where there is no reason, or no answer."""
    try:
        why = refusal(connection)
    except RedisError:
        return None
    return f"Redis refuses writes ({why}); nothing is lost" if why else suspension(connection)


def _refused(error: RedisError) -> str:
    said = " ".join(str(error).split())[:120].rstrip(".")
    cure = next((cure for kind, cure in CURES if isinstance(error, kind)), OTHERWISE)
    return f"{said}; {cure}"
