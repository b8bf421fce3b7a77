"""Cuts lines of a CSV into columns, as RFC 4180 has it: whole blocks at once, odd lines one by one.

A block's plain lines go through Arrow. Lines whose quotes are not plain (a line break within
quotes, a quote that is never closed, one within a word) go through Python's csv module, one
record at a time, so that what is wrong with one of them costs that line and no other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
QUOTE = ord('"')
LINE_END = ord("\n")
MOST_JOINED = 200
"""Lines that one record may go over."""


@dataclass(frozen=True)
class BadRecord:
    """A line that is no record. line: from 0 within the block."""

    line: int
    reason: str
    kind: str


@dataclass(frozen=True)
class Records:
    """What a block holds. line int64 [n], from 0 within the block; columns: strings [n] each."""

    line: Longs
    columns: list[Any]
    bad: list[BadRecord]
    n_lines: int
    """Lines of the block that were read, blank ones and bad ones included."""
    rest: bytes
    """Lines at the end that need those of the next block."""


@dataclass(frozen=True)
class _Block:
    r"""Whole lines that end in \n, and how they are cut. starts, ends: int64 [n_lines]."""

    text: bytes
    separator: str
    n_fields: int
    buffer: Bytes
    starts: Longs
    ends: Longs

    def line(self, number: int) -> bytes:
        """One line without its end."""
        return self.text[self.starts[number] : self.ends[number]]

    @property
    def lines(self) -> Iterator[bytes]:
        """All of them."""
        return (self.line(number) for number in range(len(self.ends)))


@dataclass
class _Odd:
    """What was read one by one."""

    cells: list[tuple[int, list[str]]] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    """Lines that are part of a record or bad."""
    cut: int | None = None
    """The line from which on the next block is needed."""


def cut(
    text: bytes, *, separator: str, n_fields: int, wanted: Sequence[int], is_last: bool
) -> Records:
    r"""The records of whole lines; wanted: the numbers of the columns to return, rising.

    text: UTF-8 lines that end in \n, bytes that are none included.
    """
    block = _block(text, separator, n_fields)
    odd = _Odd()
    is_plain = ~_blank(block)
    for line in _not_utf8(block):
        reason = "this line is not UTF-8; save the log as UTF-8"
        odd.bad.append(BadRecord(line, reason, "not UTF-8"))
        is_plain[line] = False
    is_quote = block.buffer == QUOTE if b'"' in block.text else None
    if is_quote is not None:
        lines = _oddly_quoted(block, is_quote)
        _one_by_one(block, lines[is_plain[lines]], odd, is_last=is_last)
        is_plain[odd.taken] = False
    n_lines = len(block.ends) if odd.cut is None else odd.cut
    is_plain[n_lines:] = False
    found = _fields(block, is_quote)
    for line in np.flatnonzero(is_plain & (found != n_fields)).tolist():
        odd.bad.append(BadRecord(line, *_miscounted(int(found[line]), n_fields)))
    is_plain &= found == n_fields
    number, columns = _merged(
        np.flatnonzero(is_plain), _arrow(block, is_plain, wanted), odd.cells, wanted
    )
    bad = sorted((one for one in odd.bad if one.line < n_lines), key=lambda one: one.line)
    rest = b"" if odd.cut is None else block.text[block.starts[odd.cut] :]
    return Records(number, columns, bad, n_lines, rest)


def _block(text: bytes, separator: str, n_fields: int) -> _Block:
    if len(separator) > 1:
        text = text.replace(separator.encode(), b"\x1f")
        separator = "\x1f"
    buffer = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(buffer == LINE_END)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[: len(ends)]
    return _Block(text, separator, n_fields, buffer, starts, ends)


def _miscounted(found: int, wanted: int) -> tuple[str, str]:
    return f"this line has {found} fields, the first one {wanted}", "wrong number of fields"


def _blank(block: _Block) -> Flags:
    blank = np.zeros(len(block.ends), dtype=np.bool_)
    for line in np.flatnonzero(block.buffer[block.starts] <= ord(" ")).tolist():
        blank[line] = not block.line(line).strip()
    return blank


def _not_utf8(block: _Block) -> list[int]:
    try:
        block.text.decode()
    except UnicodeDecodeError:
        return [number for number, line in enumerate(block.lines) if not _is_utf8(line)]
    return []


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _oddly_quoted(block: _Block, is_quote: Flags) -> Longs:
    """Lines of which a quote neither opens a field, closes one, nor is doubled within one."""
    quotes = np.flatnonzero(is_quote)
    n_quotes = _by_line(block, is_quote)
    line = np.repeat(np.arange(len(n_quotes)), n_quotes)
    first = np.repeat(np.cumsum(n_quotes) - n_quotes, n_quotes)
    opens = (np.arange(len(quotes)) - first) % 2 == 0
    separator = ord(block.separator)
    before = block.buffer[np.maximum(quotes - 1, 0)]
    after = block.buffer[quotes + 1]
    is_start = (quotes == 0) | (before == separator) | (before == LINE_END)
    is_end = (after == separator) | (after == LINE_END)
    # A doubled quote closes its field and opens it again at once.
    good = np.where(opens, is_start | ((quotes > 0) & (before == QUOTE)), is_end | (after == QUOTE))
    return np.unique(np.concatenate([line[~good], np.flatnonzero(n_quotes % 2)])).astype(np.int64)


def _fields(block: _Block, is_quote: Flags | None) -> Longs:
    """Fields of each line, taking its quotes for plain ones: int64 [n_lines]."""
    is_separator = block.buffer == ord(block.separator)
    if is_quote is None:
        return _by_line(block, is_separator) + 1
    within = np.bitwise_xor.accumulate(is_quote)
    outside = _by_line(block, is_separator & ~within)
    inside = _by_line(block, is_separator & within)
    starts_within = within[np.maximum(block.starts - 1, 0)] & (block.starts > 0)
    return np.where(starts_within, inside, outside) + 1


def _by_line(block: _Block, flags: Flags) -> Longs:
    """How many flags each line has, int64 [n_lines]."""
    return np.diff(np.searchsorted(np.flatnonzero(flags), block.ends), prepend=0)


def _one_by_one(block: _Block, lines: Longs, odd: _Odd, *, is_last: bool) -> None:
    taken_up_to = -1
    for first in lines.tolist():
        if first <= taken_up_to:
            continue
        cells, used, why = _record(block, first)
        if cells is None and first + used == len(block.ends) and used > 0 and not is_last:
            odd.cut = first
            return
        if cells is None:
            odd.bad.append(BadRecord(first, *why))
            odd.taken.append(first)
            taken_up_to = first
            continue
        odd.cells.append((first, cells))
        taken_up_to = first + used - 1
        odd.taken += range(first, first + used)


def _record(block: _Block, first: int) -> tuple[list[str] | None, int, tuple[str, str]]:
    """The fields of the record that begins here, and over how many lines it goes; or why not."""
    last = min(first + MOST_JOINED, len(block.ends))
    reader = csv.reader(
        (block.line(number).decode("utf-8", "replace") + "\n" for number in range(first, last)),
        delimiter=block.separator,
        strict=True,
    )
    try:
        cells = next(reader)
    except (csv.Error, StopIteration) as error:
        is_open = reader.line_num > 1 or "unexpected end" in str(error)
        return None, reader.line_num, (OPEN if is_open else (_no_csv(str(error)), "CSV"))
    used = reader.line_num
    if used > 1:
        within = (block.line(number).decode("utf-8", "replace") for number in
                  range(first + 1, first + used - 1))  # fmt: skip
        if len(cells) != block.n_fields or any(_is_record(block, one) for one in within):
            return None, used, OPEN
    if len(cells) != block.n_fields:
        return None, used, _miscounted(len(cells), block.n_fields)
    return cells, used, ("", "")


def _no_csv(why: str) -> str:
    return f"this is no line of a CSV ({why})"


OPEN = (_no_csv("a quote is opened and not closed"), "open quote")


def _is_record(block: _Block, line: str) -> bool:
    """A whole record by itself: then no quote goes on over it."""
    try:
        cells = next(csv.reader([line], delimiter=block.separator, strict=True), [])
    except csv.Error:
        return False
    return len(cells) == block.n_fields


def _arrow(block: _Block, is_plain: Flags, wanted: Sequence[int]) -> list[Any]:
    n_plain = int(is_plain.sum())
    if not n_plain:
        return [pa.array([], pa.string()) for _ in wanted]
    text = block.text
    if n_plain < len(block.ends):
        mask = np.repeat(is_plain, block.ends - block.starts + 1)
        text = block.buffer[: len(mask)][mask].tobytes()
    names = [str(number) for number in range(block.n_fields)]
    table = arrow_csv.read_csv(
        pa.BufferReader(text),
        read_options=arrow_csv.ReadOptions(
            use_threads=False, block_size=len(text) + 1, column_names=names
        ),
        parse_options=arrow_csv.ParseOptions(delimiter=block.separator, newlines_in_values=False),
        convert_options=arrow_csv.ConvertOptions(
            check_utf8=False,
            strings_can_be_null=False,
            include_columns=[names[number] for number in wanted],
            column_types={names[number]: pa.string() for number in wanted},
        ),
    )
    if table.num_rows != n_plain:
        raise AssertionError(f"Arrow found {table.num_rows} rows where there are {n_plain}")
    return [column.combine_chunks() for column in table.columns]


def _merged(
    plain: Longs, columns: list[Any], cells: list[tuple[int, list[str]]], wanted: Sequence[int]
) -> tuple[Longs, list[Any]]:
    """Both kinds of records in the order of the file."""
    if not cells:
        return plain, columns
    line = np.concatenate([plain, np.array([number for number, _ in cells], np.int64)])
    order = np.argsort(line, kind="stable")
    both = [
        pa.concat_arrays([column, pa.array([one[number] for _, one in cells], pa.string())])
        for column, number in zip(columns, wanted, strict=True)
    ]
    return line[order], [column.take(pa.array(order)) for column in both]
