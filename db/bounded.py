"""Reads what others named, up to a limit: a device or a pipe may never end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 1_000_000
"""Bytes. A slate of a thousand long item ids fits a hundred times."""
LARGEST_STREAM = 20_000_000_000
"""Bytes of what is no regular file; a regular one ends by itself."""


def read(path: Path, most: int) -> bytes:
    """A file whole. Raises ValueError when it has more than `most` bytes, after reading that
    many.
    """
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path}: wanted at most {most:,} bytes, found more")
    return content


def lines(
    file: BinaryIO, *, longest: int = LONGEST_LINE, most: int | None = None
) -> Iterator[bytes]:
    """The lines of a file. Raises ValueError at one of more than `longest` bytes, and after `most`
    in all.
    """
    size = number = 0
    while line := file.readline(longest + 1):
        number += 1
        size += len(line)
        if len(line) > longest:
            raise ValueError(
                f"{number}: wanted lines of at most {longest:,} bytes, found a longer one"
            )
        if most is not None and size > most:
            raise ValueError(
                f"{number}: wanted at most {most:,} bytes from what is no regular file"
            )
        yield line
