"""A folder of own pictures becomes a catalogue, or more of one.

An item is known by its id: the CSV's, or else its path below the folder. What a catalogue holds
once stays as it is, so that runs on it can be told again; more pictures get the next numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db import images, intakes, items, views
from db.engine import write_transaction
from db.errors import DataError, UsageError
from db.items import CATALOGUE_SPLIT, FROM_CLUSTERS, FROM_CSV, QUERY_SPLIT, Item
from simulator.catalogues import pictures
from simulator.catalogues import stored as catalogues
from simulator.catalogues.csv_file import CatalogueTable, Skipped, printable
from simulator.catalogues.fetching.policy import FetchPolicy
from simulator.catalogues.intake.added import Added
from simulator.catalogues.intake.read import Found, read_source
from simulator.catalogues.intake.told import told
from simulator.catalogues.source import CatalogueSource
from simulator.installation.context import Context
from simulator.world.catalogue import descriptors, standardised
from simulator.world.presets import FASHION_CATEGORIES
from simulator.world.unlabelled import clusters, is_query_item

SEED = 1
"""Of the draws for query items and first clusters: a catalogue is the same in every run."""

MOST_CATEGORIES = 500
"""The world weighs each category against each other one."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_AT_ONCE = 500


def add(
    context: Context,
    place: Path,
    *,
    csv: Path | None = None,
    name: str | None = None,
    pictures: Path | None = None,
    shape: str | None = None,
    fetch: FetchPolicy | None = None,
) -> Added:
    """Bring pictures into the database, in one transaction; what is broken is listed, not stored.

    place: a folder of pictures, or a feed. pictures: where a feed's pictures lie, if not beside it.
    shape: of the feed, or FOLDERS: each picture's category is its folder. fetch: how pictures that
    lie elsewhere are fetched; left out, none is.

    Raises UsageError for a folder, CSV or name that will not do, DataError when no picture can be
    used.
    """
    source = CatalogueSource(place, csv, pictures, shape, fetch)
    name = _checked_name(source.folder, place.stem if name is None and place.is_file() else name)
    read = read_source(context, source)
    with write_transaction(context.engine) as conn:
        number = items.next_number(conn, name)
        stored = items.read(conn, name)
        new, known, clashing = _sorted_out(read.found, stored, read.table)
        left_out = [*read.left_out, *clashing]
        if not new and not known:
            raise DataError(_nothing(source.folder, left_out, read.no_pictures))
        rows = as_items(conn, new, stored, number)
        check_categories([*stored, *rows])
        if new:
            images.add(conn, [one.pixels for one in new])
        items.add(conn, name, rows)
        intakes.keep(conn, name, told(source, read.table.title, new, known, left_out))
    splits = [row.split for row in (*stored, *rows)]
    changed = _changed(known, stored)
    n_items = splits.count(CATALOGUE_SPLIT)
    n_queries = splits.count(QUERY_SPLIT)
    return Added(name, n_items, n_queries, len(rows), len(known), changed, left_out)


def _checked_name(folder: Path, name: str | None) -> str:
    if not folder.is_dir():
        what = "a file" if folder.exists() else "nothing"
        raise UsageError(f"{folder}: wanted a folder of pictures, found {what}; check the path")
    found = folder.resolve().name if name is None else name
    if not _NAME.fullmatch(found):
        raise UsageError(
            f"a catalogue cannot be called {found!r}; give --name with up to 64 letters, digits, "
            "dots, dashes and underscores, a letter or digit first"
        )
    if found == catalogues.FASHION_MNIST:
        raise UsageError(
            f"{found} is the catalogue that comes with Windowshop; give another --name"
        )
    return found


def _sorted_out(
    found: Sequence[Found], stored: Sequence[Item], table: CatalogueTable
) -> tuple[list[Found], list[Found], list[Skipped]]:
    """New pictures, those that are there already, and those whose id shows another picture
    there.
    """
    known = {row.item_id: row.image for row in stored}
    new: list[Found] = []
    same: list[Found] = []
    clashing: list[Skipped] = []
    for one in found:
        item_id = one.line.item_id or one.line.file
        if item_id not in known:
            new.append(one)
        elif known[item_id] == one.image:
            same.append(one)
        else:
            file, number = (
                (table.name, one.line.number) if one.line.number else (one.line.file, None)
            )
            reason = (
                f"the catalogue has another picture under the id {item_id!r}; give this one an id"
                " of its own"
            )
            clashing.append(Skipped(printable(file), number, printable(reason)))
    return new, same, clashing


def as_items(
    conn: Connection, new: Sequence[Found], stored: Sequence[Item], first: int
) -> list[Item]:
    """The new pictures as items, numbered from `first`."""
    splits = _splits([one.image for one in new], stored)
    unnamed = [one for one in new if one.line.category is None]
    named_by_clusters = iter(
        _clustered(conn, unnamed, [row for row in stored if row.source == FROM_CLUSTERS])
    )
    return [
        Item(
            number=first + place,
            item_id=one.line.item_id or one.line.file,
            image=one.image,
            category=one.line.category or next(named_by_clusters),
            split=splits[one.image],
            source=FROM_CSV if one.line.category else FROM_CLUSTERS,
            price=one.line.price,
        )
        for place, one in enumerate(new)
    ]


def _splits(new: Sequence[str], stored: Sequence[Item]) -> dict[str, str]:
    """The split of each picture: an addressed tenth are query items; what is stored stays where it
    is.
    """
    known = {row.image: row.split for row in stored}
    every_image = sorted({*known, *new})
    if not every_image:
        return {}
    is_query = is_query_item(SEED, _keys(every_image))
    drawn = {
        image: QUERY_SPLIT if query else CATALOGUE_SPLIT
        for image, query in zip(every_image, is_query, strict=True)
    }
    return drawn | known


def _clustered(conn: Connection, unnamed: Sequence[Found], stored: Sequence[Item]) -> Iterator[str]:
    """A category for each picture without one: that of its cluster, or of the nearest cluster
    stored.
    """
    if not unnamed:
        return iter(())
    pixels = np.stack([views.seen(one.pixels, views.GREY) for one in unnamed])
    keys = _keys([one.image for one in unnamed])
    if not stored:
        numbers = clusters(SEED, pixels, keys).astype(int) - FASHION_CATEGORIES
        return (f"cluster {number + 1}" for number in numbers)
    names = sorted({row.category for row in stored})
    member = np.array([names.index(row.category) for row in stored])
    all_pixels = np.concatenate([_pixels(conn, stored), pixels])
    all_keys = np.concatenate([_keys([row.image for row in stored]), keys])
    points = standardised(descriptors(all_pixels), np.zeros(len(all_keys), np.int64), all_keys)
    old = points[: len(stored)]
    fresh = points[len(stored) :]
    centres = np.stack([old[member == place].mean(0) for place in range(len(names))])
    nearest = ((fresh[:, None] - centres) ** 2).sum(2).argmin(1)
    return (names[place] for place in nearest)


def _pixels(conn: Connection, stored: Sequence[Item]) -> NDArray[np.uint8]:
    hashes = [row.image for row in stored]
    pieces = [hashes[start : start + _AT_ONCE] for start in range(0, len(hashes), _AT_ONCE)]
    return np.concatenate([images.read(conn, piece) for piece in pieces])


def _keys(hashes: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([int(one[:16], 16) for one in hashes], np.uint64)


def check_categories(rows: Sequence[Item]) -> None:
    """DataError where a catalogue would have more categories than a world can weigh."""
    n = len({row.category for row in rows})
    if n > MOST_CATEGORIES:
        raise DataError(
            f"{n:,} categories are more than the {MOST_CATEGORIES} a catalogue may have; join some"
        )


def _changed(known: Sequence[Found], stored: Sequence[Item]) -> int:
    """How many known items the CSV now gives another category or price."""
    before = {row.item_id: row for row in stored}
    pairs = [(one.line, before[one.line.item_id or one.line.file]) for one in known]
    return sum(
        (line.category or row.category, line.price or row.price) != (row.category, row.price)
        for line, row in pairs
    )


def _nothing(folder: Path, left_out: Sequence[Skipped], others: Sequence[Skipped]) -> str:
    """others: files that are no pictures by their names."""
    if len(left_out) == len(others):
        wanted = f"{folder}: wanted pictures in it ({pictures.KINDS}), found none"
        more = f"; {len(others):,} are passed over, the first: {others[0].text()}" if others else ""
        return wanted + more
    first = left_out[0].text()
    return (
        f"{folder}: none of its pictures can be used, {len(left_out):,} were left out; the first:"
        f" {first}"
    )
