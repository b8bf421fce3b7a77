"""Slates: the ranked list given to each request, with what the recommender thought of each item."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select, tuple_

from db import bulk
from db.tables import slate

Entries = NDArray[Any]
"""Structured [n_requests, k] of `recommender.ranking.SLATE`; the database only keeps its bytes."""


def add(
    conn: Connection,
    run: int,
    sessions: NDArray[np.int64],
    step: int | NDArray[np.int64],
    *,
    generation: int,
    entries: Entries,
) -> None:
    """Store the slates of some sessions at one step, or each at its own, int64 [n]; a request that
    has a slate keeps it.
    """
    steps = np.broadcast_to(step, sessions.shape).tolist()
    rows = [
        (run, session, at, generation, row.tobytes())
        for session, at, row in zip(sessions.tolist(), steps, entries, strict=True)
    ]
    bulk.insert(conn, slate, ("run", "session", "step", "generation", "entries"), rows, again=True)


def at_step(
    conn: Connection, run: int, step: int, *, first: int, last: int, dtype: np.dtype[Any], k: int
) -> tuple[NDArray[np.int64], Entries]:
    """The slates of one step of the sessions first to last: sessions int64 [n] sorted, entries [n,
    k].
    """
    statement = select(slate.c.session, slate.c.entries).where(
        slate.c.run == run, slate.c.step == step, slate.c.session.between(first, last)
    )
    rows = bulk.fetch(conn, statement.order_by(slate.c.session))
    return np.array([row[0] for row in rows], np.int64), unpack([row[1] for row in rows], dtype, k)


def one(
    conn: Connection, run: int, session: int, step: int, *, dtype: np.dtype[Any], k: int
) -> tuple[Entries, int] | None:
    """The slate of one request, entries [k], and its generation; None when it is not there yet."""
    key = (slate.c.run == run) & (slate.c.session == session) & (slate.c.step == step)
    rows = bulk.fetch(conn, select(slate.c.entries, slate.c.generation).where(key))
    return (unpack([rows[0][0]], dtype, k)[0], int(rows[0][1])) if rows else None


_SOME = select(slate.c.session, slate.c.step, slate.c.entries, slate.c.generation).where(
    slate.c.run == bulk.given("run"),
    tuple_(slate.c.session, slate.c.step).in_(bulk.several("keys")),
)


def some(
    conn: Connection,
    run: int,
    keys: Collection[tuple[int, int]],
    *,
    dtype: np.dtype[Any],
    k: int,
) -> dict[tuple[int, int], tuple[Entries, int]]:
    """As `one`, of those of some requests (session, step) that have a slate."""
    rows = bulk.fetch(conn, _SOME, {"run": run, "keys": sorted(keys)})
    return {
        (session, step): (unpack([entries], dtype, k)[0], int(generation))
        for session, step, entries, generation in rows
    }


def stored(conn: Connection, keys: Collection[tuple[int, int, int]]) -> set[tuple[int, int, int]]:
    """Which of the slates (run, session, step) are there, of whatever runs."""
    place = tuple_(slate.c.run, slate.c.session, slate.c.step)
    statement = select(slate.c.run, slate.c.session, slate.c.step)
    return {tuple(row) for row in bulk.fetch(conn, statement.where(place.in_(sorted(keys))))}


def of_run(
    conn: Connection, run: int, *, dtype: np.dtype[Any], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Entries]:
    """Every slate of a run: session [n], step [n], generation [n], entries [n, k]; by session, then
    step.
    """
    statement = select(slate.c.session, slate.c.step, slate.c.generation, slate.c.entries)
    rows = bulk.fetch(
        conn, statement.where(slate.c.run == run).order_by(slate.c.session, slate.c.step)
    )
    keys = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
    return keys[:, 0], keys[:, 1], keys[:, 2], unpack([row[3] for row in rows], dtype, k)


def in_parts(
    conn: Connection, run: int, *, dtype: np.dtype[Any], k: int, size: int = 5_000
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Entries]]:
    """The same, at most `size` slates at a time, so that there are never many in memory."""
    place = tuple_(slate.c.session, slate.c.step)
    statement = (
        select(slate.c.session, slate.c.step, slate.c.generation, slate.c.entries)
        .where(slate.c.run == run)
        .order_by(slate.c.session, slate.c.step)
        .limit(size)
    )
    rows = bulk.fetch(conn, statement)
    while rows:
        keys = np.array([row[:3] for row in rows], np.int64)
        yield keys[:, 0], keys[:, 1], keys[:, 2], unpack([row[3] for row in rows], dtype, k)
        last = tuple_(*(int(one) for one in rows[-1][:2]))
        rows = bulk.fetch(conn, statement.where(place > last))


def unpack(entries: list[bytes], dtype: np.dtype[Any], k: int) -> Entries:
    """Stored slates as a structured array [n, k]; what an earlier version did not store yet is
    NaN.
    """
    packed = b"".join(entries)
    stored = len(packed) // max(1, len(entries) * k)
    if not entries or stored == dtype.itemsize:
        return np.frombuffer(packed, dtype).reshape(-1, k)
    names = dtype.names or ()
    ends = np.cumsum([dtype[name].itemsize for name in names])
    shorter = np.dtype(
        [(name, dtype[name]) for name, end in zip(names, ends, strict=True) if end <= stored]
    )
    rows = np.frombuffer(packed, shorter).reshape(-1, k)
    found = np.zeros(rows.shape, dtype)
    for name in names:
        found[name] = rows[name] if name in (shorter.names or ()) else np.nan
    return found
