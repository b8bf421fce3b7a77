"""Whether the worker of this container is at work: `python -m workers.health` exits 0, or says what
is wrong.

It asks the database for the worker's heartbeat and Redis for its registration: it beats, reaches
both, and listens to the queue.
"""

from __future__ import annotations

import socket
import sys

from redis import Redis
from redis.exceptions import RedisError

from db import heartbeats
from db.engine import open_engine, read_transaction
from db.errors import DependencyError, WindowshopError
from workers import settings
from workers.safe_text import one_line
from workers.settings import Settings

PATIENCE_SECONDS = 5


def check(found: Settings) -> None:
    """Raises DependencyError unless a worker of this host beats and is registered with RQ."""
    with read_transaction(open_engine(found.database)) as conn:
        alive = [
            f"rq:worker:{one.name}-{one.pid}"
            for one in heartbeats.every(conn)
            if one.host == socket.gethostname()
            and one.kind == heartbeats.WORKER
            and not one.is_silent
        ]
    if not alive:
        raise DependencyError("no worker of this host has a fresh heartbeat; start it again")
    redis = Redis.from_url(found.redis_url, socket_timeout=PATIENCE_SECONDS)
    try:
        if not redis.exists(*alive):
            raise DependencyError("no worker of this host listens to the queue; start it again")
    except RedisError as error:
        raise DependencyError(f"Redis does not answer ({type(error).__name__}); start it") from None
    finally:
        redis.close()


if __name__ == "__main__":
    try:
        check(settings.load())
    except WindowshopError as error:
        sys.exit(one_line(str(error)))
