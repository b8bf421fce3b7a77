"""Embeddings: one unit row for each picture, model and runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from db import bulk
from db.tables import embedding, item, items_of_runs, run_item


class EmbedderKey(NamedTuple):
    """What turned pictures into vectors; vectors of different embedders are never compared."""

    model: str
    runtime: str


def add(
    conn: Connection, embedder: EmbedderKey, hashes: Sequence[str], vectors: NDArray[np.float32]
) -> None:
    """Store vectors, float32 [n, dim]; a picture that has one keeps it."""
    rows = [(*embedder, key, vector.tobytes()) for key, vector in zip(hashes, vectors, strict=True)]
    bulk.insert(conn, embedding, ("model", "runtime", "image", "vector"), rows, again=True)


def missing(conn: Connection, run: int, embedder: EmbedderKey, begin: int = 0) -> list[str]:
    """The pictures of a run's items, from a number on, that have no vector yet, sorted."""
    has = (
        (embedding.c.image == item.c.image)
        & (embedding.c.model == embedder.model)
        & (embedding.c.runtime == embedder.runtime)
    )
    joined = items_of_runs.outerjoin(embedding, has)
    statement = select(item.c.image).distinct().select_from(joined)
    lacks = (run_item.c.number >= begin) & embedding.c.image.is_(None)
    rows = bulk.fetch(conn, statement.where(run_item.c.run == run, lacks))
    return sorted(row[0] for row in rows)


def of_run(
    conn: Connection, run: int, embedder: EmbedderKey, begin: int = 0
) -> NDArray[np.float32]:
    """The vectors of a run's items by item number, from one on: float32 [n, dim]."""
    joined = items_of_runs.join(embedding, embedding.c.image == item.c.image)
    statement = select(embedding.c.vector).select_from(joined)
    rows = bulk.fetch(
        conn,
        statement.where(
            run_item.c.run == run,
            run_item.c.number >= begin,
            embedding.c.model == embedder.model,
            embedding.c.runtime == embedder.runtime,
        ).order_by(run_item.c.number),
    )
    width = -1 if rows else 0
    return np.frombuffer(b"".join(row[0] for row in rows), "<f4").reshape(len(rows), width)


def of_model(conn: Connection, embedder: EmbedderKey) -> dict[str, bytes]:
    """Every vector of an embedder as little-endian float32, by its picture's sha256."""
    statement = select(embedding.c.image, embedding.c.vector)
    rows = bulk.fetch(
        conn,
        statement.where(
            embedding.c.model == embedder.model, embedding.c.runtime == embedder.runtime
        ),
    )
    return {row[0]: bytes(row[1]) for row in rows}


def lacking(conn: Connection, embedder: EmbedderKey, hashes: Sequence[str]) -> list[str]:
    """Those of some pictures that have no vector yet, in their order."""
    mine = (embedding.c.model == embedder.model) & (embedding.c.runtime == embedder.runtime)
    statement = select(embedding.c.image).where(mine, embedding.c.image.in_(hashes))
    there = {row[0] for row in bulk.fetch(conn, statement)}
    return [one for one in hashes if one not in there]


def leading(
    conn: Connection, run: int, embedder: EmbedderKey, begin: int = 0
) -> NDArray[np.float32]:
    """As `of_run`, from an item number up to the first item that has no vector yet; those of later
    ones are left out.
    """
    vectors = of_run(conn, run, embedder, begin)
    lacks = select(func.min(run_item.c.number)).select_from(
        items_of_runs.outerjoin(
            embedding,
            (embedding.c.image == item.c.image)
            & (embedding.c.model == embedder.model)
            & (embedding.c.runtime == embedder.runtime),
        )
    )
    first = conn.execute(
        lacks.where(run_item.c.run == run, run_item.c.number >= begin, embedding.c.image.is_(None))
    ).scalar_one()
    return vectors if first is None else vectors[: int(first) - begin]


_LAST = select(func.max(run_item.c.number)).where(run_item.c.run == bulk.given("run"))


def count_of_run(conn: Connection, run: int) -> int:
    """How many items a run has numbered."""
    last = bulk.fetch(conn, _LAST, {"run": run})[0][
        0
    ]  # numbered from 0; to count 60,000 rows takes 5 ms
    return 0 if last is None else int(last) + 1
