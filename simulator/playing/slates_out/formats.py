"""The formats of `slates export`."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from db.errors import UsageError
from db.nearest import nearest
from simulator.playing.export_formats import json_lines, parquet_rows
from simulator.playing.slates_out.contents import (
    COLUMNS,
    NUMBERS,
    ShownSlate,
    json_object,
    table_rows,
)

# ruff: noqa: PLC0415 - the other formats need no pyarrow

Slates = Iterator[ShownSlate]


@dataclass(frozen=True)
class SlateFormat:
    """One row of the table below."""

    write: Callable[[Slates, Sequence[str], TextIO], int]
    """Writes slates of items with these ids; says how many lines or rows."""
    rows: str
    """What one of them is, in the plural."""
    is_text: bool = True


def _write_json(slates: Slates, item_ids: Sequence[str], out: TextIO) -> int:
    written = 0
    for slate in slates:
        out.write(json_lines.line(json_object(slate, item_ids)) + "\n")
        written += 1
    return written


def _write_csv(slates: Slates, item_ids: Sequence[str], out: TextIO) -> int:
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    written = 0
    for row in _rows(slates, item_ids):
        table.writerow(row)
        written += 1
    return written


def _write_parquet(slates: Slates, item_ids: Sequence[str], out: TextIO) -> int:
    import pyarrow as pa

    types = dict.fromkeys(NUMBERS, pa.float64())
    types |= {"run": pa.string(), "item": pa.string(), "session": pa.int64()}
    schema = pa.schema([(name, types.get(name, pa.int32())) for name in COLUMNS])
    return parquet_rows.put(_rows(slates, item_ids), schema, out)


def _rows(slates: Slates, item_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for slate in slates:
        yield from table_rows(slate, item_ids)


FORMATS: Mapping[str, SlateFormat] = {
    "jsonl": SlateFormat(_write_json, "slates"),
    "csv": SlateFormat(_write_csv, "items shown"),
    "parquet": SlateFormat(_write_parquet, "items shown", is_text=False),
}


def chosen(name: str) -> SlateFormat:
    """The format of a name; UsageError for none."""
    if name not in FORMATS:
        raise UsageError(
            f"there is no format {name!r}; {nearest(name, FORMATS)}choose one of"
            f" {', '.join(FORMATS)}"
        )
    return FORMATS[name]
