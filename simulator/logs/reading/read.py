"""Reads a log from its bytes to its arrays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from db.errors import DataError
from simulator.installation.context import Step
from simulator.logs.reading.arrays.cleaning import CleanBatch, clean
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.arrays.whole import joined
from simulator.logs.reading.files import sources, text
from simulator.logs.reading.files.sources import LogPart
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes import kinds
from simulator.logs.reading.shapes.columns import Layout
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.logs.reading.tables import csv_tables, json_lines, parquet
from simulator.logs.reading.tables.batches import Batch

DEFAULT = ReadOptions()


def unseen(done: int = 1) -> None:
    """Show nobody how far it is."""
    del done


def read(
    path: Path,
    notes: Notes,
    options: ReadOptions = DEFAULT,
    *,
    step: Step = unseen,
    keeps_text: bool = False,
) -> LogEvents:
    """A log as people have it: a file, a pipe, an archive, a folder of parts.

    step: is told how many bytes were read. keeps_text: lines of our own JSON stay as they are,
    too. Raises UsageError when there is no such file or an option does not fit it, DataError when
    it is no log or not one of its events is good.
    """
    return _whole(sources.parts(path, notes), notes, options, step, keeps_text=keeps_text)


def given(
    content: bytes, notes: Notes, options: ReadOptions = DEFAULT, *, keeps_text: bool = False
) -> LogEvents:
    """The same of bytes that are here already."""
    parts = sources.given(content, notes)
    return _whole(parts, notes, options, unseen, keeps_text=keeps_text)


def _whole(
    parts: Iterator[LogPart], notes: Notes, options: ReadOptions, step: Step, *, keeps_text: bool
) -> LogEvents:
    own = kinds.own(options.kinds)
    found: list[CleanBatch] = []
    told = 0
    for part in parts:
        with sources.broken(notes):
            for batch, table in _batches(part, options, notes, keeps_text=keeps_text):
                one = clean(batch, table.format, own, notes)
                if not len(one.line):
                    continue
                found.append(one)
                step(notes.size - told)
                told = notes.size
    if not found:
        raise DataError(_nothing(notes))
    events = joined(found, options, notes)
    if not len(events):
        raise DataError(_nothing(notes))
    return events


def _nothing(notes: Notes) -> str:
    first = f"; the first: {notes.skipped[0].text()}" if notes.skipped else ""
    return f"{notes.file}: wanted at least one good line, found none{first}"


def _batches(
    part: LogPart, options: ReadOptions, notes: Notes, *, keeps_text: bool
) -> Iterator[tuple[Batch, Layout]]:
    if part.is_parquet:
        yield from parquet.batches(part.file, options, notes)
        return
    blocks = text.blocks(part.file, notes)
    first = b""
    is_last = False
    while not first.strip() and not is_last:
        block, is_last = next(blocks)
        first += block
    again = _with(first, blocks, is_last=is_last)
    if first.lstrip().startswith(b"{"):
        yield from json_lines.batches(again, options, notes, keeps_text=keeps_text)
    else:
        yield from csv_tables.batches(again, options, notes)


def _with(
    first: bytes, blocks: Iterator[tuple[bytes, bool]], *, is_last: bool
) -> Iterator[tuple[bytes, bool]]:
    yield first, is_last
    if not is_last:
        yield from blocks
