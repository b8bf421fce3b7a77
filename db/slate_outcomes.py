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
    *,
    later: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> None:
    """Store expected clicks, float64 [n, k], of some sessions at one step; `later`: carts and
    purchases, the same.
    """
    told = (expected,) if later is None else (expected, *later)
    names = ("expected", "carts", "purchases")[: len(told)]
    rows = [
        (run, session, step, *(row.tobytes() for row in of_slate))
        for session, *of_slate in zip(sessions.tolist(), *told, strict=True)
    ]
    bulk.insert(conn, slate_outcome, ("run", "session", "step", *names), rows, again=True)


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


def later_of_run(
    conn: Connection, run: int, *, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected carts and purchases, float64 [n, k] each, in the order of `of_run`; NaN where none
    were stored.
    """
    columns = slate_outcome.c
    rows = bulk.fetch(
        conn,
        select(columns.carts, columns.purchases)
        .where(columns.run == run)
        .order_by(columns.session, columns.step),
    )
    missing = np.full(k, np.nan).tobytes()
    carts, purchases = (
        np.frombuffer(b"".join(row[n] or missing for row in rows), "<f8").reshape(-1, k)
        for n in range(2)
    )
    return carts, purchases
