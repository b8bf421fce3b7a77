"""Writes what `--out` names: a regular file whole or not at all; into anything else, as it
stands.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from db.errors import UsageError, WindowshopError


def check(out: Path) -> None:
    """Raise UsageError before any work for what cannot be a file: a folder, as the empty name is
    one.
    """
    if out.is_dir():
        raise UsageError(f"--out wants a file, found the folder {str(out)!r}; name a file in it")


def put(out: Path | None, fill: Callable[[TextIO], int]) -> int:
    """Fill a file, whole or not at all, or standard output; in UTF-8 whatever the terminal.

    Returns what `fill` returns.
    """
    if out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="strict")
        return fill(sys.stdout)
    with opened(out) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as file:
        return fill(file)


def check_stream(out: Path | None, format_: str, *, is_text: bool) -> None:
    """Raise UsageError before any work for an `out` that cannot take the format."""
    if out is not None:
        check(out)
    elif not is_text and sys.stdout.isatty():
        raise UsageError(f"{format_} is nothing for a terminal; name a file with --out")


@contextmanager
def opened(out: Path) -> Iterator[BinaryIO]:
    """A file to fill; what was there before stays until all of it is written.

    A link keeps leading where it led: its target is replaced. A device or a FIFO is written into.
    """
    check(out)
    try:
        if _is_regular(out):
            yield from _replaced(Path(os.path.realpath(out)))
        else:
            with out.open("wb") as file:
                yield file
    except OSError as error:
        why = error.strerror or error
        raise WindowshopError(f"{out} cannot be written ({why}); choose another --out") from None


def _is_regular(out: Path) -> bool:
    """Whether it is a regular file, behind whatever links, or will be one."""
    try:
        return stat.S_ISREG(out.stat().st_mode)
    except FileNotFoundError:
        return True


def _replaced(place: Path) -> Iterator[BinaryIO]:
    """A file beside the place, with the rights of what stands there; put there when it is full."""
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".windowshop-") as beside:
        fresh = Path(beside) / "out"
        with fresh.open("wb") as file:
            yield file
        if place.exists():
            shutil.copymode(place, fresh)
        fresh.replace(place)
