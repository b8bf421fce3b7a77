"""Decides which column of a table is what: by preset, by the user's words, by the header."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db.errors import DataError, UsageError
from simulator.catalogues.csv_file import printable
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes import formats
from simulator.logs.reading.shapes.formats import INSTACART_LINES, OWN, LogFormat
from simulator.logs.reading.shapes.options import ReadOptions

SEPARATORS = (",", "\t", ";", "|", "::")
WANTED = ",".join(("shopper", "session", "time", "item", "kind"))


@dataclass(frozen=True)
class Layout:
    """How the lines of a CSV are read."""

    separator: str
    names: tuple[str, ...]
    places: Mapping[str, int]
    """Role to the number of its column."""
    format: LogFormat
    has_header: bool


class NoLogError(DataError):
    """A file whose first line names no columns of a log."""


def of_line(line: str, options: ReadOptions, notes: Notes) -> Layout:
    """What the first line of a CSV says. Raises DataError when it says too little, UsageError
    when the options do not fit it.
    """
    chosen = formats.BY_NAME.get(options.format or "")
    headerless = chosen if chosen is not None and chosen.first_line else None
    if headerless is None and chosen is None and not options.columns:
        headerless = formats.of_first_line(line)
    if headerless is not None and not _is_header(line, headerless):
        return _headerless(line, headerless, notes)
    separator, cells = split(line)
    names = tuple(name.strip().strip("\ufeff").lower() for name in cells)
    if options.columns and all(one.isdecimal() for one in options.columns.values()):
        return _numbered(separator, names, options, notes)
    if len(set(names)) < len(names) and not options.columns:
        raise NoLogError(_refusal(notes, line, names))
    found = chosen or formats.of_header(names)
    if chosen is not None and chosen.name == "recbole":
        found = formats.recbole(names) or chosen
    if found is not None and found.name == "instacart" and "user_id" not in names:
        found = INSTACART_LINES
    places = _places(names, found, options, notes)
    if not _is_enough(places, found):
        raise NoLogError(_refusal(notes, line, names, chosen))
    _say(found, options, chosen, notes)
    if found is OWN and not options.columns:
        for name in names:
            if name not in OWN.columns:
                notes.doubt(
                    1,
                    f"there is no column {name!r}; it is left aside (known:"
                    f" {', '.join(OWN.columns)})",
                )
    return Layout(separator, names, places, found or LogFormat("columns"), has_header=True)


def of_names(names: Sequence[str], options: ReadOptions, notes: Notes) -> Layout:
    """The same of a table that names its columns by itself: Parquet, JSON objects."""
    lower = tuple(name.strip().lower() for name in names)
    chosen = formats.BY_NAME.get(options.format or "")
    found = chosen or formats.of_header(lower)
    places = _places(lower, found, options, notes)
    if not _is_enough(places, found):
        raise NoLogError(_refusal(notes, ",".join(names), lower, chosen))
    _say(found, options, chosen, notes)
    return Layout("", lower, places, found or LogFormat("columns"), has_header=True)


def _is_enough(places: Mapping[str, int], found: LogFormat | None) -> bool:
    """An item, a time, and whose it is."""
    if found is INSTACART_LINES:
        return {"session", "item"} <= set(places)
    return {"time", "item"} <= set(places) and bool({"shopper", "session"} & set(places))


def _say(
    found: LogFormat | None, options: ReadOptions, chosen: LogFormat | None, notes: Notes
) -> None:
    notes.format = found.name if found is not None else "columns"
    if found is not None and chosen is None and found.spoken and not options.columns:
        notes.remark(f"read as {found.name} by its header; --format says otherwise")


def _headerless(line: str, found: LogFormat, notes: Notes) -> Layout:
    separator = max(SEPARATORS, key=lambda one: (line.count(one), len(one)))
    if line.count(separator) + 1 != len(found.names):
        raise DataError(
            f"{notes.place}:1: wanted the {len(found.names)} columns of {found.name}"
            f" ({', '.join(found.names)}), found {printable(line[:80])!r}"
        )
    notes.format = found.name
    notes.remark(f"read as {found.name} by its first line; --format says otherwise")
    places = {role: found.names.index(name) for role, name in found.columns.items()}
    return Layout(separator, found.names, places, found, has_header=False)


def _is_header(line: str, found: LogFormat) -> bool:
    """A line of names where numbers are expected."""
    first = line.partition(",")[0].partition("\t")[0].partition("::")[0].strip('" ')
    return bool(first) and not first[0].isdigit() and bool(found.first_line)


def _numbered(separator: str, names: tuple[str, ...], options: ReadOptions, notes: Notes) -> Layout:
    """Columns by number: the file has no header, unless its first line names what is no number."""
    places = {role: int(number) - 1 for role, number in options.columns.items()}
    if wrong := [role for role, place in places.items() if not 0 <= place < len(names)]:
        raise UsageError(
            f"--columns: wanted numbers from 1 to {len(names)} for {notes.place}, found"
            f" {wrong[0]}={options.columns[wrong[0]]}"
        )
    if {"time", "item"} - set(places) or not {"shopper", "session"} & set(places):
        raise UsageError("--columns: wanted time, item, and shopper or session")
    time = names[places["time"]]
    has_header = not any(sign.isdigit() for sign in time)
    notes.format = "columns"
    return Layout(separator, names, places, LogFormat("columns"), has_header)


def _places(
    names: Sequence[str], found: LogFormat | None, options: ReadOptions, notes: Notes
) -> dict[str, int]:
    """Role to column; what the user says comes before the preset, which comes before our names."""
    places: dict[str, int] = {}
    for role, name in options.columns.items():
        if name.lower() not in names:
            raise UsageError(
                f"--columns {role}={name}: {notes.place} has no column {name!r}, it has"
                f" {printable(', '.join(names)[:200])}"
            )
        places[role] = names.index(name.lower())
    preset = found.columns if found is not None else OWN.columns if options.columns else {}
    for role, name in preset.items():
        if name in names and (role != "offset" or "time" not in options.columns):
            places.setdefault(role, names.index(name))
    return places


def split(line: str) -> tuple[str, list[str]]:
    """The separator that cuts a line into most cells, and these."""
    return max((_split(line, one) for one in SEPARATORS), key=lambda one: len(one[1]))


def _split(line: str, separator: str) -> tuple[str, list[str]]:
    if len(separator) > 1:
        return separator, line.split(separator)
    try:
        return separator, next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return separator, []


def _refusal(notes: Notes, line: str, names: Sequence[str], chosen: LogFormat | None = None) -> str:
    found = f"found {printable(line[:80])!r}"
    if chosen is not None:
        wanted = ", ".join(chosen.columns.values())
        return f"{notes.place}:1: wanted the columns of {chosen.name} ({wanted}), {found}"
    proposal = formats.proposed(names)
    cure = (
        f"; try --columns {printable(proposal)}"
        if proposal
        else "; --columns shopper=...,time=...,item=... names others"
    )
    return f"{notes.place}:1: wanted JSON lines or a first line like {WANTED}, {found}{cure}"
