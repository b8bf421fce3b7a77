"""Reads the CSV that says what own pictures are: good lines as they are meant, bad ones with their
reason.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

from db import bounded
from db.errors import DataError, UsageError

COLUMNS = ("file", "id", "category", "price")
LARGEST = 1_000_000_000
"""Bytes of a CSV."""
LONGEST = 128
"""Characters that the database keeps of an id or category."""

DEAREST = 2**31 - 1
"""Cents, as the database keeps them."""

_NUMBER = re.compile(r"\d{1,12}(\.\d{0,12})?|\.\d{1,12}", re.ASCII)


class Skipped(NamedTuple):
    """What was left out. line: of the CSV; None when a picture is at fault. Names are fit to be
    printed.
    """

    file: str
    line: int | None
    reason: str

    def text(self) -> str:
        """As compilers put it."""
        return f"{self.file}:{'' if self.line is None else f'{self.line}:'} {self.reason}"


class CatalogueLine(NamedTuple):
    """One good line; None is a field left empty. price: cents."""

    number: int
    file: str
    item_id: str | None = None
    category: str | None = None
    price: int | None = None


@dataclass
class CatalogueTable:
    """A CSV as it was read."""

    name: str
    lines: list[CatalogueLine] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    mentioned: set[str] = field(default_factory=set)
    """All files it names, on bad lines too: these do not go in unnamed."""
    title: str = ""
    """What it is, where it is a feed."""
    gone: set[str] = field(default_factory=set)
    """Ids of products that a feed says are not to be had."""

    def skip(self, number: int, reason: str) -> None:
        """Leave a line out."""
        self.skipped.append(Skipped(printable(self.name), number, printable(reason)))


def read(path: Path, files: Sequence[str]) -> CatalogueTable:
    """The lines of a CSV about some files, paths relative to the catalogue's folder with `/`.

    Every line stands for itself, so that a quote left open spoils one item only. Raises UsageError
    when there is no such file, DataError when its first line is no header.
    """
    rows = _rows(path)
    _, first, _ = next(rows, (1, [], None))
    header = [name.strip().lower() for name in first or []]
    if "file" not in header or len(set(header)) < len(header):
        shown = printable(",".join(first or [])[:80]) or "nothing"
        raise DataError(
            f"{path}: wanted a first line like {','.join(COLUMNS)}, of which only file must be"
            f" there, found {shown}; separate by commas and name each column once"
        )
    found = CatalogueTable(str(path))
    known = {_canonical(name): name for name in files}
    for name in header:
        if name not in COLUMNS:
            found.skip(
                1, f"there is no column {name!r}; it is left aside (known: {', '.join(COLUMNS)})"
            )
    ids: dict[str, int] = {}
    for number, cells, fault in rows:
        named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        file = known.get(_canonical(named.get("file", "")))
        if file is not None:
            found.mentioned.add(file)
        try:
            line = _line(number, cells, named, file, fault or _too_many(cells, header))
            _keep_unique(ids, line)
        except ValueError as error:
            found.skip(number, str(error))
            continue
        found.lines.append(line)
    return found


def printable(text: str) -> str:
    """Text without anything that a terminal or UTF-8 would stumble over."""
    return "".join(one if _is_plain(one) else repr(one)[1:-1] for one in text)


def is_name(text: str) -> bool:
    """Whether a text may be an id or a category: neither empty nor long nor broken into lines."""
    return 0 < len(text) <= LONGEST and all(_is_plain(one) for one in text)


def _rows(path: Path) -> Iterator[tuple[int, list[str], str | None]]:
    """Number, cells and fault of each line that is not empty."""
    try:
        content = bounded.read(path, LARGEST)
    except ValueError as error:
        raise UsageError(f"--csv {error}; name a CSV of this catalogue alone") from None
    except OSError as error:
        raise UsageError(
            f"--csv {path}: wanted a CSV file, found none ({error.strerror})"
        ) from None
    text = content.decode("utf-8-sig", "surrogateescape")
    for number, line in enumerate(re.split("\r\n|\n|\r", text), 1):
        if not line.strip():
            continue
        try:
            yield number, next(csv.reader([line], strict=True)), None
        except csv.Error as error:
            yield number, line.replace('"', "").split(","), f"this is no line of a CSV ({error})"


def _line(
    number: int, cells: Sequence[str], named: dict[str, str], file: str | None, fault: str | None
) -> CatalogueLine:
    """One line as it is meant; ValueError with the reason when it cannot be."""
    if any("\udc80" <= one <= "\udcff" for cell in cells for one in cell):
        raise ValueError("this line is not UTF-8; save the CSV as UTF-8")
    if fault:
        raise ValueError(fault)
    if not named.get("file"):
        raise ValueError("this line names no file")
    if file is None:
        raise ValueError(f"there is no picture {named['file'][:LONGEST]!r} in the folder")
    for column in ("id", "category"):
        if named.get(column) and not is_name(named[column]):
            raise ValueError(
                f"the {column} must have at most {LONGEST} characters, without line breaks or the"
                " like"
            )
    return CatalogueLine(
        number,
        file,
        named.get("id") or None,
        named.get("category") or None,
        cents(named.get("price")),
    )


def _too_many(cells: Sequence[str], header: Sequence[str]) -> str | None:
    if len(cells) <= len(header):
        return None
    return (
        f"this line has {len(cells)} fields, the first one {len(header)}; put fields with a comma"
        " into quotes"
    )


def cents(price: str | None) -> int | None:
    """A price in cents; None for an empty one, ValueError with the reason for what is none."""
    if not price:
        return None
    if not _NUMBER.fullmatch(price.removeprefix("-")):
        raise ValueError(f"the price {price[:40]!r} is no number like 19.99")
    cents = int((Decimal(price) * 100).to_integral_value(ROUND_HALF_UP))
    if price.startswith("-") and cents:
        raise ValueError(f"the price {price} is negative")
    if not 1 <= cents <= DEAREST:
        raise ValueError(
            f"the price {price} is not between 0.01 and {DEAREST / 100}; left empty, the world"
            " draws one"
        )
    return cents


def _keep_unique(ids: dict[str, int], line: CatalogueLine) -> None:
    item_id = line.item_id or line.file
    if item_id in ids:
        raise ValueError(f"the id {item_id!r} stands on line {ids[item_id]} already")
    ids[item_id] = line.number


def _canonical(file: str) -> str:
    """A path as it is compared: Windows' strokes turned, `./` gone, accents composed as most
    systems do.
    """
    return unicodedata.normalize("NFC", file.replace("\\", "/")).removeprefix("./")


def _is_plain(one: str) -> bool:
    """No control character, line break, or byte that is not UTF-8."""
    return unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"}
