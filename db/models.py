"""Trained models: the manifest that says what they are, and the weights, by key."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from db import bulk
from db.errors import NotFoundError
from db.tables import model


def add(conn: Connection, key: str, manifest: dict[str, Any], weights: bytes) -> None:
    """Store a model; one that is there already is left as it is: the key follows from the weights."""
    row = (key, json.dumps(manifest, sort_keys=True), weights)
    bulk.insert(conn, model, ("key", "manifest", "weights"), [row], again=True)


def read(conn: Connection, key: str) -> tuple[dict[str, Any], bytes]:
    """The manifest and weights of a model; NotFoundError when there is none."""
    row = conn.execute(select(model.c.manifest, model.c.weights).where(model.c.key == key)).one_or_none()
    if row is None:
        raise NotFoundError(f"the database holds no model {key!r}; run `windowshop train`")
    return json.loads(row.manifest), bytes(row.weights)
