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
from simulator.logs.reading.shapes.columns import Layout, NoLogError
from simulator.logs.reading.shapes.formats import INSTACART_LINES
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.logs.reading.tables import csv_tables, instacart, json_lines, parquet
from simulator.logs.reading.tables.batches import Batch
from simulator.logs.reading.tables.instacart import InstacartOrders

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
    reader = _PartReader(options, notes, keeps_text=keeps_text)
    for part in parts:
        with sources.broken(notes):
            for batch, table in reader.batches(part):
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


class _PartReader:
    """Reads the files of one log, of which some only help to understand others."""

    def __init__(self, options: ReadOptions, notes: Notes, *, keeps_text: bool) -> None:
        self.options = options
        self.notes = notes
        self.keeps_text = keeps_text
        self.orders: InstacartOrders | None = None

    def batches(self, part: LogPart) -> Iterator[tuple[Batch, Layout]]:
        """The events of a file; one of several that is no log is passed over, which is said."""
        try:
            for batch, table in self._read(part):
                if table.format is INSTACART_LINES:
                    yield self._with_orders(batch), table
                else:
                    yield batch, table
        except NoLogError:
            if not part.name:
                raise
            self.notes.remark(f"{self.notes.place} is no log and is passed over")

    def _with_orders(self, batch: Batch) -> Batch:
        if self.orders is None:
            raise DataError(
                f"{self.notes.place}: these are Instacart's order lines, and shopper and time of an"
                f" order stand in {instacart.FILE}; put it beside them"
            )
        return self.orders.joined(batch)

    def _read(self, part: LogPart) -> Iterator[tuple[Batch, Layout]]:
        if part.is_parquet:
            yield from parquet.batches(part.file, self.options, self.notes)
            return
        head = getattr(part.file, "peek", lambda _: b"")(len(instacart.HEADER))
        if head.startswith(instacart.HEADER):
            self.orders = instacart.orders(part.file, self.notes)
            return
        is_json, again = text.opened(part.file, self.notes)
        if is_json:
            yield from json_lines.batches(
                again, self.options, self.notes, keeps_text=self.keeps_text
            )
        else:
            yield from csv_tables.batches(again, self.options, self.notes)


def _nothing(notes: Notes) -> str:
    first = f"; the first: {notes.skipped[0].text()}" if notes.skipped else ""
    return f"{notes.file}: wanted at least one good line, found none{first}"
