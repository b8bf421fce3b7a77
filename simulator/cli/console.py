"""What all commands share: open the installation, show results in JSON or as text; imports wait."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from db.errors import GateError
from workers.safe_text import one_line, safe

if TYPE_CHECKING:
    from simulator.installation.context import Context
    from simulator.report.pages.writer import Headline

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]

# ruff: noqa: PLC0415 - late imports keep --help quick


def settings(**flags: Any) -> Any:
    """The settings in force, flags first; from here on this process logs as they say."""
    from workers import log
    from workers import settings as installation

    found = installation.load(**flags)
    log.configure(found)
    return found


def open_installation(**flags: Any) -> Context:
    """The installation at work, talking to the terminal."""
    from simulator.cli.terminal import Terminal
    from simulator.installation.context import open_context

    return open_context(settings(**flags), Terminal())


def show_report(
    document: dict[str, Any], headline: Headline, *, as_json: bool, intervals: bool
) -> None:
    """Show the result of what writes a report; intervals: those of its table, too."""
    if as_json:
        show_result(document, "", as_json=True)
        return
    from simulator.cli.terminal import paragraph, table

    show()
    table(headline.rows, intervals=intervals)
    caution = f"\n\n{paragraph(headline.caution)}" if headline.caution else ""
    show(f"\n{paragraph(headline.sentence)}{caution}\n\nreport: {headline.path}")


def show_result(
    document: dict[str, Any] | list[dict[str, Any]], text: str, *, as_json: bool
) -> None:
    """Show the result of anything else."""
    show(json.dumps(document) if as_json else text)


def show(text: str = "") -> None:
    """Text on standard output, for people or programs, safe for a terminal."""
    sys.stdout.write(f"{safe(text)}\n")
    sys.stdout.flush()


@contextmanager
def gate(error: GateError | None) -> Iterator[None]:
    """Raise it at the end, also where what is shown inside cannot be written: its exit code is what
    was asked for.
    """
    try:
        yield
    except OSError:
        if error is None:
            raise
    if error is not None:
        raise error


def columns(rows: Sequence[dict[str, Any]]) -> str:
    """Rows under their keys: numbers to the right; as wide as they are, to be read or cut."""
    cells = [
        [str(name) for name in rows[0]],
        *([_cell(one) for one in row.values()] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    is_number = [isinstance(one, int) for one in rows[0].values()]
    lines = (
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else one_line(str(value))
