"""Reads the lines of a CSV, block by block, as batches of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes import columns
from simulator.logs.reading.shapes.columns import Layout
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.logs.reading.tables import records
from simulator.logs.reading.tables.batches import Batch
from simulator.logs.reading.tables.records import Records


def batches(
    blocks: Iterator[tuple[bytes, bool]], options: ReadOptions, notes: Notes
) -> Iterator[tuple[Batch, Layout]]:
    """Raises DataError and UsageError as columns.of_line does."""
    for found, table, done in tables(blocks, lambda line: columns.of_line(line, options, notes)):
        yield _batch(found, table, done), table


def tables(
    blocks: Iterator[tuple[bytes, bool]], layout: Callable[[str], Layout]
) -> Iterator[tuple[Records, Layout, int]]:
    """The records of each block, how they are cut, and how many lines came before them.

    layout: what the first line tells.
    """
    table: Layout | None = None
    done = 0
    rest = b""
    for new, is_last in blocks:
        block = rest + new
        rest = b""
        if table is None:
            table, used, lines = _opening(block, layout)
            if table is None:
                done += lines
                continue
            block = block[used:]
            done += lines
        if not block:
            continue
        found = records.cut(
            block,
            separator=table.separator,
            n_fields=len(table.names),
            wanted=wanted_of(table),
            is_last=is_last,
        )
        yield found, table, done
        done += found.n_lines
        rest = found.rest


def wanted_of(table: Layout) -> list[int]:
    """The numbers of the columns that are read, in the order of the records' columns."""
    return sorted(set(table.places.values()))


def _opening(block: bytes, layout: Callable[[str], Layout]) -> tuple[Layout | None, int, int]:
    """The table that the first line tells, and how many bytes and lines come before the rows."""
    used = 0
    lines = 0
    while used < len(block):
        end = block.index(b"\n", used) + 1
        line = block[used:end].decode("utf-8", "replace").rstrip("\n")
        if line.strip():
            table = layout(line)
            return (table, end, lines + 1) if table.has_header else (table, used, lines)
        used = end
        lines += 1
    return None, used, lines


def _batch(found: Records, table: Layout, done: int) -> Batch:
    arrays = dict(zip(wanted_of(table), found.columns, strict=True))
    roles: dict[str, Any] = {role: arrays[place] for role, place in table.places.items()}
    bad = [(done + one.line + 1, one.reason, one.kind) for one in found.bad]
    return Batch(line=found.line + done + 1, bad=bad, **roles)
