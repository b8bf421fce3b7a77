"""The formats of `events export`, one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from db.errors import UsageError
from db.nearest import nearest
from simulator.playing.export_formats import (
    csv_rows,
    json_lines,
    open_bandit,
    parquet_rows,
    recbole,
    trec,
    ubi,
)
from simulator.playing.export_formats.contents import ExportedLog


@dataclass(frozen=True)
class ExportFormat:
    """One row."""

    name: str
    write: Callable[[ExportedLog, TextIO], int]
    """Writes all it holds, in UTF-8 or into the buffer; says how many lines or rows."""
    rows: str
    """What one of them is, in the plural."""
    takes_propensities: bool = False
    """It has a place for them."""
    needs_propensities: bool = False
    """It says nothing without them."""
    is_text: bool = True


FORMATS: Sequence[ExportFormat] = (
    ExportFormat("jsonl", json_lines.write, "events", takes_propensities=True),
    ExportFormat("csv", csv_rows.write, "rows", takes_propensities=True),
    ExportFormat("parquet", parquet_rows.write, "rows", takes_propensities=True, is_text=False),
    ExportFormat("recbole", recbole.write, "interactions"),
    ExportFormat("ubi", ubi.write, "events of one item each"),
    ExportFormat(
        "obp",
        open_bandit.write,
        "items shown",
        takes_propensities=True,
        needs_propensities=True,
    ),
    ExportFormat("trec", trec.write, "judgments"),
)
BY_NAME = {one.name: one for one in FORMATS}


def chosen(name: str, *, with_propensities: bool) -> ExportFormat:
    """The format of a name; UsageError for none, and for one without room for propensities."""
    found = BY_NAME.get(name)
    if found is None:
        raise UsageError(
            f"there is no format {name!r}; {nearest(name, BY_NAME)}choose one of"
            f" {', '.join(BY_NAME)}"
        )
    if with_propensities and not found.takes_propensities:
        room = ", ".join(one.name for one in FORMATS if one.takes_propensities)
        raise UsageError(f"--propensities have no place in {name}; {room} have one")
    return found
