"""Reads a Parquet file, row group by row group, as batches of events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from db.errors import DataError
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes import columns
from simulator.logs.reading.shapes.columns import Layout
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.logs.reading.tables.batches import Batch

ROWS = 500_000
"""That are read at once."""


def batches(file: BinaryIO, options: ReadOptions, notes: Notes) -> Iterator[tuple[Batch, Layout]]:
    """Lines are rows, from 1. Raises DataError for what is no whole Parquet file."""
    try:
        whole = parquet.ParquetFile(file)
        names = list(whole.schema_arrow.names)
        table = columns.of_names(names, options, notes)
        wanted = sorted({names[place] for place in table.places.values()})
        done = 0
        for rows in whole.iter_batches(ROWS, columns=wanted):
            rows.validate(full=True)  # texts that are no UTF-8 would fail much later
            roles: dict[str, Any] = {}
            for role, place in table.places.items():
                column = rows.column(names[place])
                roles[role] = _time(column) if role == "time" else _text(column, role, notes)
            yield Batch(line=np.arange(done + 1, done + len(rows) + 1), **roles), table
            done += len(rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{notes.place}: wanted a whole Parquet file, found it damaged ({said})"
        ) from None


def _text(column: Any, role: str, notes: Notes) -> Any:
    """Any column as strings; a float column of whole numbers as these."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        raise DataError(f"{notes.place}: the {role} is neither text nor a number")
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return column.cast(pa.string())
    if pa.types.is_floating(column.type):
        numbers = column.cast(pa.float64())
        numbers = pc.if_else(pc.is_finite(numbers), numbers, pa.scalar(None, pa.float64()))
        whole = numbers.cast(pa.int64(), safe=False)
        is_whole = pc.all(pc.equal(whole.cast(pa.float64()), numbers)).as_py()
        if is_whole:
            notes.remark(f"the {role} is a column of whole numbers kept as floats; 7.0 is 7")
            return whole.cast(pa.string())
    return column.cast(pa.string())


def _time(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_date(column.type):
        return column.cast(pa.timestamp("us"))
    if pa.types.is_temporal(column.type) or pa.types.is_string(column.type):
        return column
    if pa.types.is_large_string(column.type):
        return column.cast(pa.string())
    return column.cast(pa.float64())
