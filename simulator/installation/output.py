"""Writes what `--out` names: a regular file whole or not at all; into anything else, as it
stands.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from db.errors import UsageError, WindowshopError


def check(out: Path) -> None:
    """Raise UsageError before any work for what cannot be a file: a folder, as the empty name is
    one.
    """
    if out.is_dir():
        raise UsageError(f"--out wants a file, found the folder {str(out)!r}; name a file in it")


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
