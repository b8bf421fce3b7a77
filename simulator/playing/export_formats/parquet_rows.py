"""Parquet, in the columns of the CSV and with their types."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import Any, TextIO

from simulator.playing.export_formats import flat_rows
from simulator.playing.export_formats.contents import ExportedLog

# ruff: noqa: PLC0415 - the other formats need no pyarrow

ROWS = 100_000
"""Of a row group: what is held in memory."""


def write(log: ExportedLog, out: TextIO) -> int:
    """All rows."""
    rows = (row._asdict() for row in flat_rows.rows(log))
    return put(rows, _schema(flat_rows.columns(log)), out)


def put(rows: Iterator[dict[str, Any]], schema: Any, out: TextIO) -> int:
    """Write rows of a schema; spooled, because Parquet asks where it is and a pipe cannot say."""
    from pyarrow import Table, parquet

    written = 0
    with tempfile.TemporaryFile() as whole:
        with parquet.ParquetWriter(whole, schema) as file:
            while some := list(islice(rows, ROWS)):
                file.write_table(Table.from_pylist(some, schema))
                written += len(some)
        whole.seek(0)
        shutil.copyfileobj(whole, out.buffer)
    return written


def _schema(names: tuple[str, ...]) -> Any:
    import pyarrow as pa

    whole = dict.fromkeys(("step", "position"), pa.int32())
    numbers = dict.fromkeys(("time", "price", "dwell", "propensity"), pa.float64())
    return pa.schema([(name, {**whole, **numbers}.get(name, pa.string())) for name in names])
