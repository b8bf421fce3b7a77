"""Turns the bytes of a log into UTF-8 lines: encodings, byte order marks and line ends."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from db import bounded
from db.errors import DataError
from simulator.logs.reading.notes import Notes

BLOCK = 1 << 24
"""Bytes that are read at once."""
MOST_BLANK = 100_000_000
"""Bytes without a sign before the first line of a log."""
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def opened(file: BinaryIO, notes: Notes) -> tuple[bool, Iterator[tuple[bytes, bool]]]:
    """Whether the first line is a JSON object; and the blocks. Raises DataError as these do."""
    found = blocks(file, notes)
    first = b""
    is_last = False
    while not first.strip() and not is_last:
        block, is_last = next(found)
        first += block
        if len(first) > MOST_BLANK and not first.strip():
            raise DataError(f"{notes.place}: wanted a log, found only blank lines")
    return first.lstrip().startswith(b"{"), _with(first, found, is_last=is_last)


def _with(
    first: bytes, found: Iterator[tuple[bytes, bool]], *, is_last: bool
) -> Iterator[tuple[bytes, bool]]:
    yield first, is_last
    if not is_last:
        yield from found


def blocks(
    file: BinaryIO, notes: Notes, *, size: int | None = None
) -> Iterator[tuple[bytes, bool]]:
    r"""UTF-8 without a mark, whole lines that end in \n, and whether they are the last ones.

    Bytes that are no UTF-8 stay as they are: whoever reads a line names it. Raises DataError for
    a line that no log has and for a UTF-16 that is none.
    """
    size = BLOCK if size is None else size
    first = _read(file, size)
    mark, encoding = next(
        ((mark, name) for mark, name in MARKS if first.startswith(mark)), (b"", "utf-8")
    )
    if not mark:
        encoding = _without_mark(first[:4096])
    elif encoding == "utf-8":
        first = first[len(mark) :]
    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()
    rest = b""
    n_lines = 0
    block = first
    while True:
        following = _read(file, size) if block else b""
        is_last = not following
        rest += _decoded(decoder, block, notes, is_last=is_last)
        whole, rest = _lines(rest, is_last=is_last)
        place, longest = _longest(whole)
        if longest <= bounded.LONGEST_LINE:
            place = whole.count(b"\n")
            longest = len(rest)
        if longest > bounded.LONGEST_LINE:
            raise DataError(
                f"{notes.place}:{n_lines + place + 1}: wanted lines of at most"
                f" {bounded.LONGEST_LINE:,} bytes, found a longer one"
            )
        n_lines += whole.count(b"\n")
        yield whole, is_last
        if is_last:
            return
        block = following


def _read(file: BinaryIO, size: int) -> bytes:
    return file.read(size) or b""


def _decoded(
    decoder: codecs.IncrementalDecoder | None, block: bytes, notes: Notes, *, is_last: bool
) -> bytes:
    if decoder is None:
        return block
    try:
        text: str = decoder.decode(block, is_last)
        return text.encode()
    except UnicodeError:
        raise DataError(
            f"{notes.place}: wanted UTF-8 or whole UTF-16, found neither; save the log as UTF-8"
        ) from None


def _lines(text: bytes, *, is_last: bool) -> tuple[bytes, bytes]:
    r"""The whole lines with \n as their end, and what follows them."""
    held = b""
    if b"\r" in text:
        if text.endswith(b"\r") and not is_last:  # a \n may follow
            held = b"\r"
            text = text[:-1]
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if is_last and text and not text.endswith(b"\n"):
        text += b"\n"
    end = text.rfind(b"\n") + 1
    return text[:end], text[end:] + held


def _longest(lines: bytes) -> tuple[int, int]:
    """The number of the longest line, from 0, and its length."""
    ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))
    lengths = np.diff(ends, prepend=-1)
    place = int(lengths.argmax()) if len(lengths) else 0
    return place, int(lengths[place]) if len(lengths) else 0


def _without_mark(head: bytes) -> str:
    """UTF-16 shows in its zeros: every other byte of mostly Latin text."""
    half = len(head) // 2
    if half:
        even = head[0::2].count(0)
        odd = head[1::2].count(0)
        if odd > 0.4 * half and even < 0.1 * half:
            return "utf-16-le"
        if even > 0.4 * half and odd < 0.1 * half:
            return "utf-16-be"
    return "utf-8"
