"""Trained models: the manifest that says what they are, and the weights, by key."""

from __future__ import annotations

from sqlalchemy import Connection, select

from db import bulk
from db.errors import NotFoundError
from db.tables import model


def add(conn: Connection, key: str, manifest: bytes, weights: bytes) -> None:
    """Store a model; one that is there already is left as it is: the key follows from the
    weights.
    """
    row = (key, manifest.decode(), weights)
    bulk.insert(conn, model, ("key", "manifest", "weights"), [row], again=True)


def read(conn: Connection, key: str) -> tuple[bytes, bytes]:
    """The manifest and weights of a model; NotFoundError when there is none."""
    row = conn.execute(
        select(model.c.manifest, model.c.weights).where(model.c.key == key)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"the database holds no model {key!r}; run `windowshop train`")
    return row.manifest.encode(), bytes(row.weights)
