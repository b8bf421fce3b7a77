"""How far a part of `make coverage` is: one line on standard error that is written over."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
EVERY = 1.0
"""Seconds between two lines."""


def told(found: Iterable[T], what: str, total: int) -> Iterator[T]:
    """The same, and after each one how many of all are done: in a terminal every second, in a file
    at the end.
    """
    began = last = time.monotonic()
    is_watched = sys.stderr.isatty()
    number = 0
    for number, one in enumerate(found, 1):
        yield one
        now = time.monotonic()
        if is_watched and now - last > EVERY:
            sys.stderr.write(f"\r{what}: {number:,} of {total:,}, {now - began:.0f} s")
            sys.stderr.flush()
            last = now
    start = "\r" if is_watched else ""
    sys.stderr.write(f"{start}{what}: {number:,} of {total:,}, {time.monotonic() - began:.0f} s\n")
    sys.stderr.flush()
