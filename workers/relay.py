"""Rings again for work that waits too long: a lost job then costs seconds, not the work."""

from __future__ import annotations

from collections.abc import Collection

from rq import Queue
from sqlalchemy import Connection, Engine

from db import work
from db.engine import read_transaction, write_transaction
from workers.log import logger
from workers.queue import jobs_waiting, ring


def ring_overdue(engine: Engine, work_queue: Queue, *, after: float, seconds: int) -> int:
    """Ring for every row that nobody has and that was rung for more than `after` seconds ago.

    Says how many.

    As long as the queue holds jobs, the workers are merely busy, and more jobs would only make it
    longer.
    """
    with read_transaction(engine) as conn:
        if not work.by_state(conn) or jobs_waiting(work_queue):
            return 0
    with write_transaction(engine) as conn:
        ids = work.overdue(conn, after)
    if ids:
        ring(work_queue, ids, seconds=seconds)
        logger().info(
            f"rang again for {len(ids)} pieces of work", action="rung_again", work_ids=ids
        )
    return len(ids)


def take_from_silent(engine: Engine, *, watched: Collection[str] = ()) -> list[int]:
    """What workers without a heartbeat held waits again, or is parked; gives the ids.

    watched: workers that somebody sees live and will end at their deadline. These may be silent: on
    a slow machine the import of TensorFlow alone keeps the interpreter, and with it the heartbeat,
    for long.
    """
    with read_transaction(engine) as conn:
        if not _silent(conn, watched):
            return []
    with write_transaction(engine) as conn:
        silent = _silent(conn, watched)
        ids = [
            one for worker in silent for one in work.give_back_all_of(conn, worker, "fell silent")
        ]
    for worker in silent:
        logger().warning(
            f"{worker} fell silent over its work", action="worker_silent", worker=worker
        )
    return ids


def _silent(conn: Connection, watched: Collection[str]) -> list[str]:
    return [worker for worker in work.held_by_silent(conn) if worker not in watched]
