"""Pictures by the hash of their canonical bytes: one row a picture, however many items show it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from db import bulk
from db.tables import image, item, items_of_runs, run_item


def digest(pixels: NDArray[np.uint8]) -> str:
    """sha256 of one picture, uint8 [height, width] or [height, width, channels]: its size, then its bytes."""
    head = "x".join(str(side) for side in pixels.shape).encode()
    return hashlib.sha256(head + b":" + pixels.tobytes()).hexdigest()


def add(conn: Connection, pixels: NDArray[np.uint8]) -> list[str]:
    """Store pictures, uint8 [n, height, width]; gives their sha256, in order."""
    hashes = [digest(picture) for picture in pixels]
    _, height, width = pixels.shape
    rows = [(key, width, height, 1, data.tobytes()) for key, data in zip(hashes, pixels, strict=True)]
    bulk.insert(conn, image, ("sha256", "width", "height", "channels", "data"), rows, again=True)
    return hashes


def read(conn: Connection, hashes: Sequence[str]) -> NDArray[np.uint8]:
    """The pictures of some hashes, uint8 [n, height, width], in their order; all must be of one size."""
    statement = select(image.c.sha256, image.c.height, image.c.width, image.c.data)
    found = {row[0]: row[1:] for row in bulk.fetch(conn, statement.where(image.c.sha256.in_(hashes)))}
    return _stack([found[key] for key in hashes])


def of_run(conn: Connection, run: int) -> NDArray[np.uint8]:
    """The pictures of a run's items by item number, uint8 [n, height, width]."""
    joined = items_of_runs.join(image, image.c.sha256 == item.c.image)
    statement = select(image.c.height, image.c.width, image.c.data).select_from(joined)
    return _stack(bulk.fetch(conn, statement.where(run_item.c.run == run).order_by(run_item.c.number)))


def _stack(rows: bulk.Tuples) -> NDArray[np.uint8]:
    height, width = rows[0][:2]
    return np.frombuffer(b"".join(row[2] for row in rows), np.uint8).reshape(len(rows), height, width)
