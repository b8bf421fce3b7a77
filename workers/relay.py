"""Rings again for work that waits too long: a lost bell then costs seconds, not the work."""

from __future__ import annotations

from rq import Queue
from sqlalchemy import Engine

from db import work
from db.engine import reading, writing
from workers.queue import bells_waiting, ring


def ring_overdue(engine: Engine, doors: Queue, *, after: float, seconds: int) -> int:
    """Ring for every row that nobody has and whose bell rang more than `after` seconds ago; says how many.

    As long as the queue holds bells, the workers are merely busy and more bells would only make it longer.
    """
    with reading(engine) as conn:
        if not work.by_state(conn) or bells_waiting(doors):
            return 0
    with writing(engine) as conn:
        ids = work.overdue(conn, after)
    if ids:
        ring(doors, ids, seconds=seconds)
    return len(ids)
