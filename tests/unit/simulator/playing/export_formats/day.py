"""A day of three shoppers to export: every kind of event, slates of two, ids that need quotes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from db.events import FIELDS_OF, Events, Kind, blank
from simulator.playing.export import objects
from simulator.playing.export_formats import formats
from simulator.playing.export_formats.contents import ExportedLog

RUN = "0123456789ab"
IDS = ["a", "b", "c", "d"]
SHOWN = [[1, 0], [3, 2], [0, 3]]
QUERY = 2
"""Item number of what every session searched for and looked at."""
N_SESSIONS = len(SHOWN)


def day() -> Events:
    """Each session sees its slate and clicks, carts and buys what stands on place 2."""
    rows = blank(N_SESSIONS * len(Kind))
    session = np.repeat(np.arange(N_SESSIONS), len(Kind))
    rows["session"] = 70 + session
    rows["shopper"] = 7 + session % 2
    rows["kind"] = np.tile(list(Kind), N_SESSIONS)
    rows["ordinal"] = np.tile(np.arange(len(Kind)), N_SESSIONS)
    rows["at"] = 1000 * np.arange(len(rows)) + 1
    for row in rows:
        filled = {"query": QUERY, "item": SHOWN[row["session"] - 70][1], "position": 2}
        filled |= {"impression": 2, "price": 1999, "dwell": 2500}
        for name in set(filled) & set(FIELDS_OF[Kind(int(row["kind"]))]):
            row[name] = filled[name]
    return Events(rows, np.array(SHOWN, np.int32))


def log(
    ids: list[str] = IDS, chances: dict[tuple[int, int], list[float]] | None = None
) -> ExportedLog:
    """The day as the formats get it."""
    events = day()
    return ExportedLog(
        RUN,
        len(events),
        lambda: objects(RUN, events, ids, chances),
        has_propensities=chances is not None,
    )


def written(what: ExportedLog, name: str) -> bytes:
    """All bytes of it in one format."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as file:
        formats.BY_NAME[name].write(what, file)
        file.flush()
        return raw.getvalue()


def put(folder: Path, name: str, ids: list[str] = IDS) -> Path:
    """A file of the day in one format."""
    path = folder / f"day.{name}"
    path.write_bytes(written(log(ids), name))
    return path
