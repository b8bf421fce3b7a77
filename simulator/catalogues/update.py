"""Brings a catalogue to what a feed says now, and leaves to its runs what they played.

A run points at rows of items, so rows that a run has are never changed: the catalogue as it was is
kept under `NAME@1`, `NAME@2` and so on, and the runs point there. Embeddings belong to pictures,
so only new pictures lack them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import Connection

from db import images, intakes, items
from db.engine import write_transaction
from db.errors import DataError, UsageError
from db.items import FROM_CSV, Item
from simulator.catalogues import stored as catalogues
from simulator.catalogues.add import as_items, check_categories
from simulator.catalogues.csv_file import Skipped
from simulator.catalogues.intake.added import left_out_lines
from simulator.catalogues.intake.read import Found, read_source
from simulator.catalogues.intake.reasons import by_reason
from simulator.catalogues.intake.told import told
from simulator.catalogues.source import CatalogueSource
from simulator.installation.context import Context

VERSION = "@"
"""Between a catalogue's name and the number of a version of it; no own name may hold it."""
LONGEST_NAME = 64


@dataclass(frozen=True)
class Updated:
    """A catalogue after an update."""

    catalogue: str
    new: int
    changed: int
    gone: int
    unchanged: int
    version: str | None
    """What the catalogue is called as runs have it; None where no run needs it."""
    skipped: list[Skipped]

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on."""
        skipped = [one._asdict() for one in self.skipped]
        return {**vars(self), "skipped": skipped, "passed_over": by_reason(self.skipped)}

    def text(self) -> str:
        """The same for people."""
        lines = left_out_lines(self.skipped)
        lines.append(
            f"catalogue {self.catalogue}: {self.new:,} new, {self.changed:,} changed,"
            f" {self.gone:,} gone, {self.unchanged:,} as before; {len(self.skipped):,} left out"
        )
        if self.version:
            lines.append(f"runs that were played with it have it as {self.version}")
        return "\n".join(lines)


def update(context: Context, name: str, source: CatalogueSource) -> Updated:
    """Prices, categories, pictures and what is out of stock, in one transaction.

    Raises NotFoundError for a catalogue that nobody added, UsageError for one that may not change,
    DataError when the source says nothing that can be used.
    """
    if name == catalogues.FASHION_MNIST:
        raise UsageError(f"{name} comes with Windowshop and stays; name a catalogue of your own")
    catalogues.ensure(context, name)
    if VERSION in name:
        raise UsageError(f"{name} is what runs were played with and stays; name the catalogue")
    if not source.folder.is_dir():
        raise UsageError(f"{source.folder}: wanted a feed or a folder of pictures, found neither")
    read = read_source(context, source)
    if not read.found and not read.table.gone:
        raise DataError(f"{source.place}: nothing in it can be used; `catalogue add` says why")
    with write_transaction(context.engine) as conn:
        first = items.next_number(conn, name)
        stored = items.read(conn, name)
        before = {row.item_id: row for row in stored}
        new = [one for one in read.found if _id(one) not in before]
        changed = _changed(read.found, before)
        gone = [before[one] for one in sorted(read.table.gone & before.keys())]
        version = _kept(conn, name) if changed or gone else None
        _replace(conn, name, [before[row.item_id] for row, _ in changed], gone)
        shown = [one for _, one in changed] + new
        if shown:
            images.add(conn, [one.pixels for one in shown])
        rows = _numbered([row for row, _ in changed], first)
        rows += as_items(conn, new, stored, first + len(rows))
        items.add(conn, name, rows)
        left = items.read(conn, name)
        if not left:
            raise DataError(f"nothing of {name} is left to sell; `catalogue remove {name}` ends it")
        check_categories(left)
        items.drop_unused(conn, sorted({row.image for row in stored} - {r.image for r in left}))
        known = [one for one in read.found if _id(one) in before]
        about = told(source, read.table.title, shown, known, read.left_out)
        numbers = {"new": len(new), "known": len(known), "changed": len(changed)}
        intakes.keep(conn, name, {**about, **numbers, "gone": len(gone), "version": version})
    unchanged = len(stored) - len(changed) - len(gone)
    return Updated(name, len(new), len(changed), len(gone), unchanged, version, read.left_out)


def _id(one: Found) -> str:
    return one.line.item_id or one.line.file


def _changed(found: Sequence[Found], before: dict[str, Item]) -> list[tuple[Item, Found]]:
    """The known items of which the source says something else now; what it leaves empty stays."""
    pairs: list[tuple[Item, Found]] = []
    for one in found:
        row = before.get(_id(one))
        if row is None:
            continue
        line = one.line
        category = line.category or row.category
        source = row.source if category == row.category else FROM_CSV
        price = row.price if line.price is None else line.price
        now = row._replace(image=one.image, category=category, source=source, price=price)
        if now != row:
            pairs.append((now, one))
    return pairs


def _kept(conn: Connection, name: str) -> str | None:
    """Keep the catalogue as it is for its runs, under a name of its own; None where there is none.

    Raises UsageError where that name would be too long.
    """
    if not items.runs_on(conn, name):
        return None
    taken = {one.catalogue for one in items.sizes(conn)}
    version = next(one for n in count(1) if (one := f"{name}{VERSION}{n}") not in taken)
    if len(version) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} is too long a name to be kept in versions; add it under another"
        )
    items.keep_version(conn, name, version)
    return version


def _replace(conn: Connection, name: str, old: Sequence[Item], gone: Sequence[Item]) -> None:
    items.take_out(conn, name, [row.number for row in (*old, *gone)])


def _numbered(rows: Sequence[Item], first: int) -> list[Item]:
    """Under the next numbers: one that was given once stays with what it stood for."""
    return [row._replace(number=first + place) for place, row in enumerate(rows)]
