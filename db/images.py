"""Pictures by the hash of their canonical bytes: one row a picture, however many items show it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from db import bulk
from db.tables import image, item, items_of_runs, run_item
from db.views import GREY, View, seen


def digest(pixels: NDArray[np.uint8]) -> str:
    """sha256 of one picture, uint8 [height, width] or [height, width, channels]: its size, then its
    bytes.
    """
    head = "x".join(str(side) for side in pixels.shape).encode()
    return hashlib.sha256(head + b":" + pixels.tobytes()).hexdigest()


def add(conn: Connection, pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> list[str]:
    """Store pictures, each uint8 [height, width] or [height, width, 3]; gives their sha256, in
    order.
    """
    hashes = [digest(picture) for picture in pictures]
    rows = [
        (key, one.shape[1], one.shape[0], 1 if one.ndim == 2 else one.shape[2], one.tobytes())
        for key, one in zip(hashes, pictures, strict=True)
    ]
    bulk.insert(conn, image, ("sha256", "width", "height", "channels", "data"), rows, again=True)
    return hashes


def read(conn: Connection, hashes: Sequence[str], view: View = GREY) -> NDArray[np.uint8]:
    """The pictures of some hashes in their order, as a view shows them: uint8 [n, side, side(,
    3)].
    """
    columns = (image.c.sha256, image.c.height, image.c.width, image.c.channels, image.c.data)
    rows = bulk.fetch(conn, select(*columns).where(image.c.sha256.in_(hashes)))
    found = {row[0]: row[1:] for row in rows}
    return _shown([found[key] for key in hashes], view)


def of_run(conn: Connection, run: int, view: View = GREY) -> NDArray[np.uint8]:
    """The pictures of a run's items by item number, as a view shows them: uint8 [n, side, side(,
    3)].
    """
    joined = items_of_runs.join(image, image.c.sha256 == item.c.image)
    columns = (image.c.height, image.c.width, image.c.channels, image.c.data)
    statement = select(*columns).select_from(joined).where(run_item.c.run == run)
    return _shown(bulk.fetch(conn, statement.order_by(run_item.c.number)), view)


def _shown(rows: bulk.Tuples, view: View) -> NDArray[np.uint8]:
    """Rows of height, width, channels and bytes; pictures that are stored as they are seen are not
    copied.
    """
    if {row[:3] for row in rows} <= {(view.side, view.side, view.channels)}:
        shape = (
            (view.side, view.side) if view.channels == 1 else (view.side, view.side, view.channels)
        )
        return np.frombuffer(b"".join(row[3] for row in rows), np.uint8).reshape(len(rows), *shape)
    return np.stack([seen(_unpacked(*row), view) for row in rows])


def _unpacked(height: int, width: int, channels: int, data: bytes) -> NDArray[np.uint8]:
    levels = np.frombuffer(data, np.uint8)
    return levels.reshape((height, width) if channels == 1 else (height, width, channels))
