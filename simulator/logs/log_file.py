"""Reads a log of real shoppers, JSON lines or CSV: good lines as meant, bad ones with their
reason.
"""

from __future__ import annotations

import csv
import json
import math
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from db import bounded
from db.errors import DataError, UsageError
from db.events import Kind
from simulator.catalogues.csv_file import LONGEST, Skipped, printable
from simulator.installation.context import Talk

HEADER = ("shopper", "session", "time", "item", "kind")
KINDS = {kind.name.lower(): kind for kind in Kind}
WITH_QUERY = frozenset({Kind.SEARCH, Kind.VIEW})
WITHOUT_ITEM = frozenset({Kind.LEAVE})
MOST_BAD = 1_000_000
"""Bad lines are kept with their reasons; a pipe that holds nothing else would fill the memory."""
TOLD_EVERY = 20_000
FURTHEST = 9e12
"""Seconds to either side that a time may lie: milliseconds must fit into the database."""


class LogLine(NamedTuple):
    """One good line."""

    number: int
    kind: Kind
    shopper: str
    """Empty where there is none."""
    session: str
    time: float
    """Seconds."""
    item: str
    """Empty where there is none."""
    fields: dict[str, Any] | None = None
    """Those of JSON."""
    text: str = ""
    """The line as JSON has it."""


@dataclass
class Notes:
    """What was wrong, by line."""

    file: str
    skipped: list[Skipped] = field(default_factory=list)
    """Lines left out."""
    doubtful: list[Skipped] = field(default_factory=list)
    """Lines that were kept all the same."""
    read: int = 0
    size: int = 0  # bytes so far
    digest: str = ""

    def skip(self, line: int, reason: str) -> None:
        """Leave a line out; DataError when the file is hardly anything but such lines."""
        self.skipped.append(Skipped(printable(self.file), line, printable(reason)))
        if len(self.skipped) >= MOST_BAD and len(self.skipped) > self.read:
            raise DataError(
                f"{self.file}: gave up at {MOST_BAD:,} bad lines, more than good ones; "
                f"the first: {self.skipped[0].text()}"
            )

    def doubt(self, line: int, reason: str) -> None:
        """Keep a line, but say what is odd."""
        self.doubtful.append(Skipped(printable(self.file), line, printable(reason)))


def lines(path: Path, notes: Notes) -> Iterator[LogLine]:
    """The good lines in the order of the file; the notes fill on the way, the digest is there at
    the end.

    Raises UsageError when there is no such file, DataError as `lines_of` does.
    """
    try:
        with path.open("rb") as file:
            is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            yield from lines_of(_bounded(file, notes, is_regular=is_regular), notes)
    except OSError as error:
        raise UsageError(f"{path}: wanted a log to read, found none ({error.strerror})") from None


def _bounded(file: BinaryIO, notes: Notes, *, is_regular: bool) -> Iterator[bytes]:
    """The lines; DataError at one that no log has, and where a pipe or a device does not end."""
    try:
        yield from bounded.lines(file, most=None if is_regular else bounded.LARGEST_STREAM)
    except ValueError as error:
        raise DataError(f"{notes.file}:{error}") from None


def watched(path: Path, notes: Notes, talk: Talk) -> Iterator[LogLine]:
    """The same with its progress, from the first good line on: what is refused is refused in one
    line.
    """
    good = lines(path, notes)
    first = next(good)
    with talk.progress("reading the log", path.stat().st_size) as step:
        reported = 0
        for number, line in enumerate(chain([first], good)):
            if number % TOLD_EVERY == 0:
                step(notes.size - reported)
                reported = notes.size
            yield line
        step(notes.size - reported)


def lines_of(file: Iterable[bytes], notes: Notes) -> Iterator[LogLine]:
    """The same of lines that are there already.

    A line that begins with { makes it JSON lines, as `windowshop events export` writes them; any
    other first line must be a header with the columns shopper, session, time, item, kind. Raises
    DataError when it is neither, or has not one good line.
    """
    yield from _good(file, notes)
    if not notes.read:
        first = f"; the first: {notes.skipped[0].text()}" if notes.skipped else ""
        raise DataError(f"{notes.file}: wanted at least one good line, found none{first}")


def _good(file: Iterable[bytes], notes: Notes) -> Iterator[LogLine]:
    digest = sha256()
    parse: Callable[[int, str], LogLine] | None = None
    latest: dict[tuple[str, str], tuple[float, int]] = {}
    for number, raw in enumerate(file, 1):
        digest.update(raw)
        notes.size += len(raw)
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            if parse is None:
                raise DataError(
                    f"{notes.file}:{number}: wanted UTF-8, found none; save the log as UTF-8"
                ) from None
            notes.skip(number, "this line is not UTF-8; save the log as UTF-8")
            continue
        if not text.strip():
            continue
        if parse is None:
            parse = _json_parser() if text.lstrip().startswith("{") else _csv_parser(notes, text)
            if not text.lstrip().startswith("{"):
                continue
        try:
            line = parse(number, text)
        except ValueError as error:
            notes.skip(number, str(error))
            continue
        key = (line.shopper, line.session)
        before = latest.get(key)
        if before is not None and line.time < before[0]:
            notes.doubt(
                number,
                f"the time {line.time:.15g} lies before {before[0]:.15g} on line {before[1]} of the"
                " same session; kept, the order of the file counts",
            )
        else:
            latest[key] = (line.time, number)
        notes.read += 1
        yield line
    notes.digest = digest.hexdigest()


def _csv_parser(notes: Notes, header: str) -> Callable[[int, str], LogLine]:
    """Reads a line under this header; DataError when a column is missing."""
    names = [name.strip().lower() for name in _cells(header)]
    if not set(HEADER) <= set(names) or len(set(names)) < len(names):
        raise DataError(
            f"{notes.file}:1: wanted JSON lines or a first line like {','.join(HEADER)}, "
            f"found {printable(header[:80])!r}"
        )
    for name in names:
        if name not in HEADER:
            notes.doubt(
                1, f"there is no column {name!r}; it is left aside (known: {', '.join(HEADER)})"
            )
    places = [names.index(name) for name in HEADER]

    def parse(number: int, text: str) -> LogLine:
        cells = _cells(text)
        if len(cells) != len(names):
            raise ValueError(f"this line has {len(cells)} fields, the first one {len(names)}")
        shopper, session, time, item, kind = (cells[place].strip() for place in places)
        return _checked(LogLine(number, _kind(kind), shopper, session, _time(time), item))

    return parse


def _json_parser() -> Callable[[int, str], LogLine]:
    seen: dict[str, int] = {}

    def parse(number: int, text: str) -> LogLine:
        try:
            fields = json.loads(text)
        except ValueError:
            raise ValueError("this is no JSON") from None
        except RecursionError:
            raise ValueError("this JSON is nested too deeply") from None
        if not isinstance(fields, dict):
            raise ValueError("wanted one JSON object a line")
        missing = [name for name in ("kind", "session", "at") if name not in fields]
        if missing:
            raise ValueError(f"the key {missing[0]!r} is missing")
        if "event_id" in fields:
            first = seen.setdefault(str(fields["event_id"]), number)
            if first != number:
                raise ValueError(
                    f"the event {str(fields['event_id'])[:40]!r} stands on line {first} already"
                )
        kind = _kind(fields["kind"])
        named = (
            fields.get("query", fields.get("item")) if kind in WITH_QUERY else fields.get("item")
        )
        at = fields["at"]
        if isinstance(at, bool) or not isinstance(at, int | float):
            raise ValueError(f"the time {at!r} is no number of seconds")
        shopper, session = (_word(name, fields.get(name)) for name in ("shopper", "session"))
        return _checked(
            LogLine(number, kind, shopper, session, _time(at), _word("item", named), fields, text)
        )

    return parse


def _checked(line: LogLine) -> LogLine:
    """The line; ValueError for what it lacks."""
    if not line.session:
        raise ValueError("this line names no session")
    is_slate = line.fields is not None and line.kind is Kind.IMPRESSION
    if not line.item and line.kind not in WITHOUT_ITEM and not is_slate:
        raise ValueError(f"this {line.kind.name.lower()} names no item")
    for name in ("shopper", "session", "item"):
        length = len(getattr(line, name))
        if length > LONGEST:
            raise ValueError(f"the {name} has {length} characters, at most {LONGEST} are kept")
    return line


def _cells(text: str) -> list[str]:
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration) as error:
        raise ValueError(f"this is no line of a CSV ({error})") from None


def _kind(word: Any) -> Kind:
    kind = KINDS.get(str(word).lower())
    if kind is None:
        raise ValueError(f"the kind {str(word)[:40]!r} is unknown; known are {', '.join(KINDS)}")
    return kind


def _time(word: Any) -> float:
    try:
        time = float(word)
    except (ValueError, OverflowError):
        raise ValueError(f"the time {str(word)[:40]!r} is no number of seconds") from None
    if not math.isfinite(time) or abs(time) > FURTHEST:
        raise ValueError(f"the time {str(word)[:40]!r} is no number of seconds that can be kept")
    return time


def _word(name: str, value: Any) -> str:
    """A name as text; numbers are names too."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"the {name} is neither text nor a number")
    return str(value)
