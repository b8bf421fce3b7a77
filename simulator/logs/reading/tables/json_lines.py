"""Reads JSON lines, block by block, as batches of events: ours, those of others, plain rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from db.events import Kind
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes import columns, formats
from simulator.logs.reading.shapes.columns import Layout
from simulator.logs.reading.shapes.formats import OWN
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.logs.reading.tables.batches import Batch
from simulator.logs.reading.tables.json_shapes import SHAPES, shape_of
from simulator.logs.reading.tables.own_json import (
    BadLineError,
    JsonEvent,
    Parse,
    SeenEvents,
    event,
    word,
)

OWN_KEYS = frozenset({"kind", "at", "session"})
OWN_LAYOUT = Layout("", (), {}, OWN, has_header=False)


class _Reader:
    """Knows after the first good object what the others are."""

    def __init__(self, options: ReadOptions, notes: Notes, *, keeps_text: bool) -> None:
        self.options = options
        self.notes = notes
        self.keeps_text = keeps_text
        self.seen = SeenEvents()
        self.table: Layout | None = None
        self.parse: Parse | None = None

    @property
    def is_own(self) -> bool:
        return self.table is OWN_LAYOUT

    def line(self, number: int, raw: bytes) -> tuple[list[JsonEvent], str]:
        """The events of a line and its text; BadLineError when it is left out."""
        text, fields = json_object(raw)
        if self.parse is None:
            self._settle(fields)
        if self.is_own and self.seen.is_double(fields, number, text.strip()):
            self.notes.duplicates += 1
            return [], text
        if self.is_own and not self.notes.run:
            self.notes.run = str(fields.get("run", ""))
        return (self.parse(fields) if self.parse else []), text

    def _settle(self, fields: dict[str, Any]) -> None:
        named = self.options.format
        shape = named if named in SHAPES else None
        if named is None and not self.options.columns:
            shape = shape_of(fields)
        if shape is not None:
            self.parse = SHAPES[shape]
            self.table = Layout("", (), {}, formats.BY_NAME[shape], has_header=False)
            self.notes.format = shape
            if named is None:
                self.notes.remark(f"read as {shape} by its first line; --format says otherwise")
            return
        names = [name.lower() for name in fields]
        is_row = self.options.columns or formats.of_header(names) is not None
        if is_row or (named is not None and named != OWN.name):
            self.table = columns.of_names(list(fields), self.options, self.notes)
            self.parse = _row_parser(self.table, list(fields))
            return
        if not OWN_KEYS & set(fields) and (proposal := formats.proposed(names)):
            raise columns_wanted(self.notes, fields, proposal)
        self.table = OWN_LAYOUT
        self.notes.format = OWN.name
        self.parse = lambda one: [event(one)]


def columns_wanted(notes: Notes, fields: Mapping[str, Any], proposal: str) -> Exception:
    """The error of rows whose columns nobody knows."""
    from db.errors import DataError  # noqa: PLC0415 - only where it is raised

    return DataError(
        f"{notes.place}:1: wanted JSON lines with kind, session and at, found"
        f" {', '.join(list(fields)[:8])}; try --columns {proposal}"
    )


def batches(
    blocks: Iterator[tuple[bytes, bool]], options: ReadOptions, notes: Notes, *, keeps_text: bool
) -> Iterator[tuple[Batch, Layout]]:
    """One batch a block; bad lines are named."""
    reader = _Reader(options, notes, keeps_text=keeps_text)
    done = 0
    for block, _ in blocks:
        lines: list[int] = []
        events: list[JsonEvent] = []
        texts: dict[int, str] = {}
        unfit: list[tuple[int, str, str]] = []
        for number, raw in enumerate(block.split(b"\n")[:-1], done + 1):
            if not raw.strip():
                continue
            try:
                found, text = reader.line(number, raw)
            except BadLineError as bad:
                unfit.append((number, str(bad), bad.kind))
                continue
            if found and reader.keeps_text and reader.is_own:
                texts[number] = text
            lines += [number] * len(found)
            events += found
        done += block.count(b"\n")
        batch = _batch(lines, events, texts, is_own=reader.is_own)
        batch.bad.extend(unfit)
        yield batch, reader.table or OWN_LAYOUT


def json_object(raw: bytes) -> tuple[str, dict[str, Any]]:
    """The text of a line and the object it holds; BadLineError for anything else."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise BadLineError("this line is not UTF-8; save the log as UTF-8", "not UTF-8") from None
    try:
        fields = json.loads(text)
    except ValueError:
        raise BadLineError("this is no JSON", "no JSON") from None
    except RecursionError:
        raise BadLineError("this JSON is nested too deeply", "no JSON") from None
    if not isinstance(fields, dict):
        raise BadLineError("wanted one JSON object a line", "no JSON")
    return text, fields


def _row_parser(table: Layout, names: list[str]) -> Parse:
    """Objects that are rows of a table."""
    keys = {role: names[place] for role, place in table.places.items()}

    def parse(fields: dict[str, Any]) -> list[JsonEvent]:
        found = {role: word(role, fields.get(key)) for role, key in keys.items()}
        return [
            JsonEvent(
                found.get("kind"),
                found.get("shopper"),
                found.get("session"),
                found.get("time"),
                found.get("item"),
            )
        ]

    return parse


def _batch(
    lines: list[int], events: list[JsonEvent], texts: dict[int, str], *, is_own: bool
) -> Batch:
    time: Any = [one.time for one in events]
    slates = {row: one.slate for row, one in enumerate(events) if one.slate is not None}
    return Batch(
        line=np.array(lines, np.int64),
        kind=_texts([one.kind for one in events]),
        shopper=_texts([one.shopper for one in events]),
        session=_texts([one.session for one in events]),
        item=_texts([one.item for one in events]),
        time=pa.array(time, pa.float64()) if is_own else _texts(time),
        slates=slates,
        texts=texts,
        is_export=is_own,
        without_item=frozenset(
            row for row, one in enumerate(events)
            if is_own and one.kind == Kind.IMPRESSION.name.lower()
        ),
    )  # fmt: skip


def _texts(values: list[str | None]) -> Any:
    return pa.array(values, pa.string())
