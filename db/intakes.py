"""What was taken into catalogues, a row for each `catalogue add`: what came, what was passed over
and why.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from db import bulk
from db.engine import now
from db.tables import catalogue_intake


def keep(conn: Connection, catalogue: str, about: dict[str, Any]) -> int:
    """Keep one more intake of a catalogue; gives its number, counted from 1.

    Asked by one transaction at a time, as the numbers of items are.
    """
    mine = catalogue_intake.c.catalogue == catalogue
    last = conn.execute(select(func.max(catalogue_intake.c.number)).where(mine)).scalar_one()
    number = 1 if last is None else int(last) + 1
    told = json.dumps(about, separators=(",", ":"), ensure_ascii=False)
    values = {"catalogue": catalogue, "number": number, "at": now(), "about": told}
    conn.execute(insert(catalogue_intake).values(**values))
    return number


def of(conn: Connection, catalogue: str) -> list[dict[str, Any]]:
    """The intakes of a catalogue in order: `number`, `at` (s since 1970), and what was kept."""
    columns = (catalogue_intake.c.number, catalogue_intake.c.at, catalogue_intake.c.about)
    statement = select(*columns).where(catalogue_intake.c.catalogue == catalogue)
    rows = bulk.fetch(conn, statement.order_by(catalogue_intake.c.number))
    return [{"number": number, "at": at, **json.loads(about)} for number, at, about in rows]


def forget(conn: Connection, catalogue: str) -> None:
    """Nothing is known of a catalogue's intakes any more."""
    conn.execute(delete(catalogue_intake).where(catalogue_intake.c.catalogue == catalogue))
