"""Reads columns of a table by their own names: one that holds no events, and of which each line
counts.

Bytes, packings, encodings and cuts are those of every other log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, parquet

from db.errors import DataError, UsageError
from simulator.catalogues.csv_file import printable
from simulator.logs.reading.files import sources, text
from simulator.logs.reading.files.sources import LogPart
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes import columns
from simulator.logs.reading.shapes.columns import Layout
from simulator.logs.reading.shapes.formats import LogFormat
from simulator.logs.reading.tables import csv_tables
from simulator.logs.reading.tables.json_lines import json_object
from simulator.logs.reading.tables.own_json import BadLineError
from simulator.logs.reading.tables.parquet import ROWS

Choose = Callable[[str, Sequence[str]], Sequence[str]]
"""Of the columns that a file has, those to read; raises for a file that lacks some."""
Blocks = Iterator[tuple[bytes, bool]]
_PLAIN = LogFormat("plain")


@dataclass(frozen=True)
class TablePiece:
    """Some rows of one file."""

    place: str
    """What messages call the file."""
    line: NDArray[np.int64]
    """int64 [n], from 1 in the file; of Parquet: the row, from 1."""
    columns: dict[str, Any]
    """Arrow arrays [n] by name: text, or as Parquet has them."""


@dataclass(frozen=True)
class PlainTable:
    """The columns of all files of a table."""

    pieces: Sequence[TablePiece]

    def __len__(self) -> int:
        return sum(len(piece.line) for piece in self.pieces)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that were read."""
        return tuple(self.pieces[0].columns)

    def words(self, name: str) -> list[str | None]:
        """A column as text; None where nothing stands."""
        found: list[str | None] = []
        for piece in self.pieces:
            found += _as_text(piece.columns[name]).to_pylist()
        return found

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as float64 [n], NaN where nothing stands; UsageError for what is no number."""
        return np.concatenate([_numbers(piece, name) for piece in self.pieces])

    def where(self, row: int) -> str:
        """What messages call a row."""
        for piece in self.pieces:
            if row < len(piece.line):
                return f"{piece.place}, line {piece.line[row]}"
            row -= len(piece.line)
        raise IndexError(row)


def read_table(path: Path, choose: Choose) -> PlainTable:
    """A file, a pipe, an archive or a folder of parts: CSV, JSON lines or Parquet, packed or not.

    Raises UsageError where there is no such file or `choose` says so, DataError for a damaged file
    and for a line that is none.
    """
    notes = Notes(str(path))
    pieces: list[TablePiece] = []
    for part in sources.parts(path, notes):
        with sources.broken(notes):
            pieces += [one for one in _pieces(part, choose, notes) if len(one.line)]
    if not pieces:
        raise UsageError(f"{notes.file} holds no line below its header")
    return PlainTable(pieces)


def _pieces(part: LogPart, choose: Choose, notes: Notes) -> Iterator[TablePiece]:
    if part.is_parquet:
        return _of_parquet(part.file, choose, notes)
    is_json, blocks = text.opened(part.file, notes)
    return (_of_json if is_json else _of_csv)(blocks, choose, notes)


def _of_csv(blocks: Blocks, choose: Choose, notes: Notes) -> Iterator[TablePiece]:
    def layout(line: str) -> Layout:
        if line.startswith("["):
            raise UsageError(f"{notes.place} is a JSON list; write one object a line instead")
        separator, cells = columns.split(line)
        names = [name.strip() for name in cells]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise UsageError(f"{notes.place} has two columns {printable(twice)!r}; rename one")
        wanted = choose(notes.place, names)
        places = {name: names.index(name) for name in wanted}
        return Layout(separator, tuple(names), places, _PLAIN, has_header=True)

    for found, table, done in csv_tables.tables(blocks, layout):
        if found.bad:
            _refuse(notes, done + found.bad[0].line + 1, found.bad[0].reason)
        arrays = dict(zip(csv_tables.wanted_of(table), found.columns, strict=True))
        read = {name: arrays[place] for name, place in table.places.items()}
        yield TablePiece(notes.place, found.line + done + 1, read)


def _of_json(blocks: Blocks, choose: Choose, notes: Notes) -> Iterator[TablePiece]:
    wanted: Sequence[str] | None = None
    done = 0
    for block, _ in blocks:
        lines: list[int] = []
        rows: list[list[str | None]] = []
        for number, raw in enumerate(block.split(b"\n")[:-1], done + 1):
            if not raw.strip():
                continue
            try:
                fields = json_object(raw)[1]
                wanted = choose(notes.place, list(fields)) if wanted is None else wanted
                rows.append([_said(name, fields.get(name)) for name in wanted])
            except BadLineError as bad:
                _refuse(notes, number, str(bad))
            lines.append(number)
        done += block.count(b"\n")
        by_name = zip(wanted or (), zip(*rows, strict=True), strict=False)
        read = {name: pa.array(values, pa.string()) for name, values in by_name}
        yield TablePiece(notes.place, np.array(lines, np.int64), read)


def _said(name: str, value: Any) -> str | None:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list | dict):
        raise BadLineError(
            f"{printable(name)} holds a list or an object, wanted one value", "shape"
        )
    return value if value is None or isinstance(value, str) else repr(value)


def _of_parquet(file: BinaryIO, choose: Choose, notes: Notes) -> Iterator[TablePiece]:
    try:
        whole = parquet.ParquetFile(file)
        wanted = list(choose(notes.place, list(whole.schema_arrow.names)))
        done = 0
        for rows in whole.iter_batches(ROWS, columns=wanted):
            rows.validate(full=True)
            line = np.arange(done + 1, done + len(rows) + 1)
            yield TablePiece(notes.place, line, {name: rows.column(name) for name in wanted})
            done += len(rows)
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{notes.place}: wanted a whole Parquet file, found it damaged ({said})"
        ) from None


def _refuse(notes: Notes, line: int, reason: str) -> None:
    raise DataError(f"{notes.place}, line {line}: {printable(reason)}")


def _as_text(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        raise UsageError("a column holds lists or objects, wanted one value a line")
    return column.cast(pa.string())


def _numbers(piece: TablePiece, name: str) -> NDArray[np.float64]:
    column = piece.columns[name]
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        if pa.types.is_string(column.type):
            column = compute.utf8_trim_whitespace(column)
            column = compute.if_else(compute.equal(column, ""), None, column)
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # one by one, to name the line at fault
        return np.array([_number(piece, name, row) for row in range(len(column))])


def _number(piece: TablePiece, name: str, row: int) -> float:
    said = piece.columns[name][row].as_py()
    try:
        return float("nan" if said is None or said == "" else said)
    except (TypeError, ValueError):
        raise UsageError(
            f"{piece.place}, line {piece.line[row]}: {name} must be a number, found"
            f" {printable(str(said))!r}"
        ) from None
