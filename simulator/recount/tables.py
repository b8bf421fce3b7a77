"""Events as Parquet tables that any engine reads, written piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from db.events import Events, Kind
from recommender.session_log.sessions import SessionLog

EVENT_COLUMNS = ("session", "ordinal", "kind", "step", "query", "item", "position", "impression")


def write_slates(folder: Path, events: Events, piece: int) -> None:
    """Add the events of some whole sessions to the tables `events` and `showings`."""
    columns = {name: events.rows[name] for name in EVENT_COLUMNS}
    columns["kind"] = columns["kind"].astype(np.int32)
    _write(folder, "events", piece, columns)
    impressions = events.of(Kind.IMPRESSION)
    slate, place = np.nonzero(events.shown >= 0)
    showings = {
        "session": impressions["session"][slate],
        "ordinal": impressions["ordinal"][slate],
        "position": (place + 1).astype(np.int16),
        "item": events.shown[slate, place],
    }
    _write(folder, "showings", piece, showings)


def write_weights(folder: Path, weights: NDArray[np.int64]) -> None:
    """The table `weights`: whole numbers [k] by position."""
    position = np.arange(1, len(weights) + 1, dtype=np.int16)
    _write(folder, "weights", 0, {"position": position, "weight": weights})


def write_visits(folder: Path, log: SessionLog) -> None:
    """The table `events` of a log, in its order of time."""
    place = np.arange(len(log.session), dtype=np.int64)
    _write(folder, "events", 0, {"session": log.session, "place": place, "item": log.item})


def read(folder: Path, table: str) -> dict[str, NDArray[Any]]:
    """A table's columns by name."""
    found = pq.read_table(folder / table)
    return {name: found[name].to_numpy() for name in found.column_names}


def _write(folder: Path, table: str, piece: int, columns: dict[str, NDArray[Any]]) -> None:
    place = folder / table
    place.mkdir(parents=True, exist_ok=True)
    arrays = {name: pa.array(np.ascontiguousarray(column)) for name, column in columns.items()}
    pq.write_table(pa.table(arrays), place / f"part-{piece:05d}.parquet", compression="zstd")
