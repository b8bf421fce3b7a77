"""Logs of real shoppers, kept whole: JSON lines in the order of the file, once however often they
come.
"""

from __future__ import annotations

import zlib
from hashlib import sha256

from sqlalchemy import Connection, select

from db import bulk
from db.errors import DataError
from db.tables import imported_log


def add(conn: Connection, log_id: str, name: str, lines: list[str]) -> bool:
    """Store a log; False when it was there already, and then nothing changes."""
    content = "".join(lines).encode()
    known = bulk.fetch(conn, select(imported_log.c.id).where(imported_log.c.id == log_id))
    row = (log_id, name[-256:], len(lines), sha256(content).hexdigest(), zlib.compress(content, 6))
    columns = ("id", "name", "events", "sha256", "content")
    bulk.insert(conn, imported_log, columns, [row], again=True)
    return not known


def read(conn: Connection, log_id: str) -> tuple[str, int] | None:
    """The lines and how many they are; None when there is no such log, DataError when it is
    damaged.
    """
    columns = (imported_log.c.content, imported_log.c.sha256, imported_log.c.events)
    rows = bulk.fetch(conn, select(*columns).where(imported_log.c.id == log_id))
    if not rows:
        return None
    packed, digest, events = rows[0]
    try:
        content = zlib.decompress(bytes(packed))
    except zlib.error:
        content = b""
    if sha256(content).hexdigest() != digest:
        raise DataError(
            f"the imported log {log_id} is damaged in the database; import its file again"
        )
    return content.decode(), events
