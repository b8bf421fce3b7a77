"""Co-interaction counts: the increments of each generation, and what was learned with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from db import bulk
from db.tables import cointeraction, ended_session, generation


class Generation(NamedTuple):
    """One fold: how many ended sessions went in, and what the next slates go by."""

    number: int
    sessions: int
    learned: str  # JSON
    popularity: bytes  # increments, packed
    slates: bytes = b""  # recommender.taste.history.History of this generation, packed
    taste: bytes = (
        b""  # recommender.taste.model.Taste, packed; nothing for policies that learn none
    )


def add(
    conn: Connection, run: int, fold: Generation, increments: Sequence[tuple[int, bytes]]
) -> None:
    """Store a generation and its increments by profile item; fails when it is there: a fold happens
    once.
    """
    row = (run, *fold)
    bulk.insert(conn, generation, ("run", *Generation._fields), [row])
    rows = [(run, fold.number, item, packed) for item, packed in increments]
    bulk.insert(conn, cointeraction, ("run", "generation", "item", "increments"), rows)


def generations(conn: Connection, run: int) -> list[Generation]:
    """A run's generations by number."""
    statement = select(*(generation.c[name] for name in Generation._fields))
    rows = bulk.fetch(conn, statement.where(generation.c.run == run).order_by(generation.c.number))
    return [Generation(*row) for row in rows]


def increments(conn: Connection, run: int, *, after: int, up_to: int) -> list[tuple[int, bytes]]:
    """The packed increments of the generations after one, up to and with another: (profile item,
    packed).
    """
    statement = select(cointeraction.c.item, cointeraction.c.increments).where(
        cointeraction.c.run == run,
        cointeraction.c.generation > after,
        cointeraction.c.generation <= up_to,
    )
    return [(item, bytes(packed)) for item, packed in bulk.fetch(conn, statement)]


def of_item(conn: Connection, run: int, item: int, *, up_to: int) -> list[tuple[int, bytes]]:
    """The packed increments of one profile item, generation by generation: (number, packed)."""
    statement = select(cointeraction.c.generation, cointeraction.c.increments).where(
        cointeraction.c.run == run,
        cointeraction.c.item == item,
        cointeraction.c.generation <= up_to,
    )
    rows = bulk.fetch(conn, statement.order_by(cointeraction.c.generation))
    return [(number, bytes(packed)) for number, packed in rows]


def end_sessions(conn: Connection, run: int, sessions: NDArray[np.int64], number: int) -> None:
    """Say that sessions have ended and which generation folds them; said again, nothing changes."""
    rows = [(run, session, number) for session in sessions.tolist()]
    bulk.insert(conn, ended_session, ("run", "session", "generation"), rows, again=True)


def ended_sessions(conn: Connection, run: int, number: int) -> NDArray[np.int64]:
    """The sessions that one generation folds, int64 [n], sorted."""
    statement = select(ended_session.c.session).where(
        ended_session.c.run == run, ended_session.c.generation == number
    )
    rows = bulk.fetch(conn, statement.order_by(ended_session.c.session))
    return np.array([row[0] for row in rows], np.int64)
