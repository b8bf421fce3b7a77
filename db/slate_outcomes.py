"""Slate outcomes: the judge's chance of a click at each position of each slate, beside what was
drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from db import bulk
from db.tables import slate_outcome


def add(
    conn: Connection,
    run: int,
    sessions: NDArray[np.int64],
    step: int,
    expected: NDArray[np.float64],
) -> None:
    """Store expected clicks, float64 [n, k], of some sessions at one step."""
    rows = [
        (run, session, step, row.tobytes())
        for session, row in zip(sessions.tolist(), expected, strict=True)
    ]
    bulk.insert(conn, slate_outcome, ("run", "session", "step", "expected"), rows, again=True)


def of_run(
    conn: Connection, run: int, *, k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Every outcome of a run: session [n], step [n], expected float64 [n, k]; by session, then
    step.
    """
    statement = select(slate_outcome.c.session, slate_outcome.c.step, slate_outcome.c.expected)
    rows = bulk.fetch(
        conn,
        statement.where(slate_outcome.c.run == run).order_by(
            slate_outcome.c.session, slate_outcome.c.step
        ),
    )
    keys = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)
    expected = np.frombuffer(b"".join(row[2] for row in rows), "<f8").reshape(-1, k)
    return keys[:, 0], keys[:, 1], expected
