"""How the commands talk to a person: news and progress bars on standard error, tables on standard
output.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from simulator.installation.context import Step
from workers.safe_text import one_line

NARROWEST = 20
"""Columns on which a table can be read; where there are fewer it is as wide as on a printer."""


class Terminal:
    """Talks on standard error, so that standard output holds only results."""

    def __init__(self, *, is_notebook: bool = False) -> None:
        """is_notebook: standard error is the output of a cell, which moves bars as terminals do."""
        self._console = Console(
            stderr=True,
            highlight=False,
            soft_wrap=True,
            force_jupyter=False,
            force_terminal=is_notebook or None,
        )
        self._bars: Progress | None = None
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """One line of news."""
        self._console.print(Text.assemble(("-", "dim"), " ", one_line(text)))

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Step]:
        """A bar that moves; where standard error is no terminal, one line when it is done.

        Several may be open at once, in threads.
        """
        if not self._console.is_terminal:
            with self._line_at_the_end(one_line(what), total) as step:
                yield step
            return
        with self._lock:
            if self._bars is None:
                remaining = TimeRemainingColumn(compact=True)
                self._bars = Progress(*_columns(), remaining, console=self._console)
                self._bars.start()
            bars = self._bars
            task = bars.add_task(one_line(what), total=total)
        try:
            yield lambda done=1: bars.advance(task, done)
        finally:
            with self._lock:
                self._close(bars, task)

    def _close(self, bars: Progress, task: TaskID) -> None:
        """Leave a bar as it stands above those that go on."""
        if len(bars.tasks) == 1:
            bars.stop()
            self._bars = None
            return
        done = [one for one in bars.tasks if one.id == task]
        bars.remove_task(task)
        self._console.print(bars.make_tasks_table(done))

    @contextmanager
    def _line_at_the_end(self, what: str, total: int) -> Iterator[Step]:
        bar = Progress(*_columns(), console=self._console)
        task = bar.add_task(what, total=total)
        try:
            yield lambda done=1: bar.advance(task, done)
        finally:
            self._console.print(bar)


def _columns() -> list[ProgressColumn]:
    return [
        TextColumn("{task.description:<28}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ]


def paragraph(text: str) -> str:
    """Text in lines that fit the terminal; where standard output is none, one line."""
    if not sys.stdout.isatty():
        return text
    return textwrap.fill(text, width=shutil.get_terminal_size().columns)


def table(rows: Sequence[Sequence[str]], *, intervals: bool = False) -> None:
    """A table on standard output that fits 80 columns, the header first.

    intervals: each under its value; else none.
    """
    header, *body = rows
    laid_out = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for place, title in enumerate(header):
        name = Text(one_line(title.replace("_", " ").replace("@", " @")))
        side: Literal["left", "right"] = "left" if place == 0 else "right"
        laid_out.add_column(name, justify=side, vertical="top", overflow="fold")
    for row in body:
        laid_out.add_row(*(_stacked(cell, interval=intervals) for cell in row))
    wide = Console(highlight=False)
    if wide.width < NARROWEST:  # COLUMNS=0 says that nobody knows
        wide = Console(highlight=False, width=80)
    wide.print(laid_out)


def _stacked(cell: str, *, interval: bool) -> Text:
    """`5.04 % (4.97 to 5.12)` in two lines, the interval dim, or its value alone."""
    value, _, found = one_line(cell).partition(" (")
    if not found or not interval:
        return Text(value)
    ends = found.rstrip(")").replace(" to ", "-").removesuffix(" %")
    return Text.assemble(value, "\n", (ends, "dim"))
