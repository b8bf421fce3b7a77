"""How far the parts of `make coverage` are: one line on standard error for all of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.queues import SimpleQueue
from typing import TypeVar

from simulator.installation.context import Step

T = TypeVar("T")
NEWS = tuple[str, str]
"""(part, what it does and how far it is); of a part that is done, nothing."""
EVERY = 1.0
"""Seconds between two lines in a terminal."""
EVERY_IN_A_FILE = 30.0
"""The same where nobody looks."""


@dataclass
class Teller:
    """Where the parts of this process say how far they are; a queue to whoever shows it."""

    part: str = ""
    queue: SimpleQueue[NEWS] | None = None

    def tell(self, text: str) -> None:
        """Say it, where somebody listens."""
        if self.queue is not None:
            self.queue.put((self.part, text))


TELLER = Teller()
"""Of this process."""


def told(found: Iterable[T], what: str, total: int) -> Iterator[T]:
    """The same, and how many there were before each one."""
    last = 0.0
    for number, one in enumerate(found):
        now = time.monotonic()
        if now - last > EVERY:
            TELLER.tell(f"{what} {number:,} of {total:,}")
            last = now
        yield one


class ToldList(list[T]):
    """A list that says how far somebody is who goes through it."""

    what = ""

    def __iter__(self) -> Iterator[T]:
        return told(super().__iter__(), self.what, len(self))


class PartTalk:
    """Tells of an action within a part."""

    def say(self, text: str) -> None:
        """Say nothing."""

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Step]:
        """Tell what is done, not how far it is: it takes seconds."""
        del total
        TELLER.tell(what)

        def step(done: int = 1) -> None:
            """Tell nothing."""

        yield step


@dataclass
class StatusLine:
    """What all parts do, written over in a terminal."""

    began: float = field(default_factory=time.monotonic)
    now: dict[str, str] = field(default_factory=dict)
    _last: float = 0.0
    _width: int = 0

    def take(self, news: NEWS) -> None:
        """A part told something; nothing: it is done."""
        part, text = news
        self.now[part] = text
        if not text:
            del self.now[part]

    def show(self) -> None:
        """Write it, if it is time."""
        is_watched = sys.stderr.isatty()
        seconds = time.monotonic()
        if seconds - self._last < (EVERY if is_watched else EVERY_IN_A_FILE) or not self.now:
            return
        self._last = seconds
        told_now = "; ".join(f"{part}: {text}" for part, text in self.now.items())
        text = f"{seconds - self.began:.0f} s; {told_now}"
        self._write(f"\r{text.ljust(self._width)}" if is_watched else f"{text}\n")
        self._width = len(text)

    def finished(self, part: str, seconds: float) -> None:
        """A line that stays."""
        text = f"{part}: done, {seconds:.0f} s of processor"
        self._write(f"\r{text.ljust(self._width)}\n" if sys.stderr.isatty() else f"{text}\n")

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
