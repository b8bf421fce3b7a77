"""Catalogues: named collections of items, each with a picture, a category and a split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, literal, select, text, update

from db import bulk
from db.tables import embedding, image, item, items_of_runs, run, run_item

CATALOGUE_SPLIT = "catalogue"
QUERY_SPLIT = "query"

FROM_CSV = "from CSV"
FROM_CLUSTERS = "from clusters"
"""Sources of own items' categories: somebody said so, or nobody did."""


class Item(NamedTuple):
    """One thing that is sold, or that shoppers search with."""

    number: int  # in its catalogue; given once, never again
    item_id: str
    image: str  # sha256
    category: str
    split: str  # catalogue or query
    source: str  # where the category comes from
    price: int | None = None  # cents; None: the world draws one


class Size(NamedTuple):
    """One category's part of a catalogue."""

    catalogue: str
    split: str
    category: str
    source: str
    items: int


_COLUMNS = Item._fields
_AT_ONCE = 500
"""Pictures looked at in one statement."""


def add(conn: Connection, catalogue: str, items: Sequence[Item]) -> None:
    """Store items; those that are there already are left as they are."""
    bulk.insert(
        conn, item, ("catalogue", *_COLUMNS), [(catalogue, *row) for row in items], again=True
    )


def count(conn: Connection, catalogue: str) -> int:
    """How many items a catalogue has, both splits together."""
    statement = select(func.count()).select_from(item).where(item.c.catalogue == catalogue)
    return int(conn.execute(statement).scalar_one())


def sizes(conn: Connection) -> list[Size]:
    """How many items each category of each catalogue has, by split and source, sorted by name."""
    columns = [item.c.catalogue, item.c.split, item.c.category, item.c.source]
    found = bulk.fetch(conn, select(*columns, func.count()).group_by(*columns))
    return sorted(
        Size(*row) for row in found
    )  # here and not by the database, whose collations differ


def one_at_a_time(conn: Connection) -> None:
    """Numbers are given by one transaction at a time; the others wait."""
    if conn.dialect.name == "postgresql":  # SQLite's write lock has seen to it
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('windowshop.items'))"))


def next_number(conn: Connection, catalogue: str) -> int:
    """The number after the highest one given; asked by one transaction at a time, the others
    wait.
    """
    one_at_a_time(conn)
    highest = select(func.max(item.c.number)).where(item.c.catalogue == catalogue)
    last = conn.execute(highest).scalar_one()
    return 0 if last is None else int(last) + 1


def read(conn: Connection, catalogue: str) -> list[Item]:
    """A catalogue's items by number."""
    columns = [item.c[name] for name in _COLUMNS]
    statement = select(*columns).where(item.c.catalogue == catalogue).order_by(item.c.number)
    return [Item(*row) for row in bulk.fetch(conn, statement)]


def runs_on(conn: Connection, catalogue: str) -> list[str]:
    """The ids of the runs that have items of a catalogue, sorted."""
    numbers = select(run_item.c.run).where(run_item.c.catalogue == catalogue).distinct()
    found = conn.execute(select(run.c.id).where(run.c.number.in_(numbers)).order_by(run.c.id))
    return list(found.scalars())


def remove(conn: Connection, catalogue: str) -> tuple[int, int]:
    """Delete a catalogue, and the pictures and embeddings that only it had; how many items and how
    many pictures.
    """
    chosen = item.c.catalogue == catalogue
    shown = conn.execute(select(item.c.image).where(chosen).distinct().order_by(item.c.image))
    pictures = list(shown.scalars())
    n_items = conn.execute(delete(item).where(chosen)).rowcount
    return n_items, drop_unused(conn, pictures)


def drop_unused(conn: Connection, pictures: Sequence[str]) -> int:
    """Delete those of some pictures that no item shows, with their embeddings; how many."""
    gone = 0
    for start in range(0, len(pictures), _AT_ONCE):
        some = pictures[start : start + _AT_ONCE]
        kept = set(conn.execute(select(item.c.image).where(item.c.image.in_(some))).scalars())
        orphans = [one for one in some if one not in kept]
        conn.execute(delete(embedding).where(embedding.c.image.in_(orphans)))
        gone += conn.execute(delete(image).where(image.c.sha256.in_(orphans))).rowcount
    return gone


def keep_version(conn: Connection, catalogue: str, version: str) -> None:
    """Copy a catalogue's items under another name, and hand them to the runs that have them.

    The runs read the same rows as before; from here on the catalogue itself may change.
    """
    columns = [item.c[name] for name in _COLUMNS]
    mine = select(literal(version), *columns).where(item.c.catalogue == catalogue)
    conn.execute(insert(item).from_select(["catalogue", *_COLUMNS], mine))
    conn.execute(
        update(run_item).where(run_item.c.catalogue == catalogue).values(catalogue=version)
    )


def take_out(conn: Connection, catalogue: str, numbers: Sequence[int]) -> None:
    """Delete some items of a catalogue that no run has."""
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        conn.execute(delete(item).where(item.c.catalogue == catalogue, item.c.number.in_(some)))


def assign(conn: Connection, run: int, catalogue: str, chosen: Sequence[Item]) -> None:
    """Number a run's items in the order given: catalogue items first, then query items."""
    rows = [(run, number, catalogue, row.number) for number, row in enumerate(chosen)]
    bulk.insert(conn, run_item, ("run", "number", "catalogue", "item"), rows, again=True)


def of_run(conn: Connection, run: int) -> list[Item]:
    """A run's items by item number."""
    columns = [item.c[name] for name in _COLUMNS]
    statement = select(*columns).select_from(items_of_runs).where(run_item.c.run == run)
    return [Item(*row) for row in bulk.fetch(conn, statement.order_by(run_item.c.number))]


def of_image(conn: Connection, catalogue: str, image: str) -> Item | None:
    """The first item of a catalogue with a picture; None when it has none."""
    columns = [item.c[name] for name in _COLUMNS]
    statement = select(*columns).where(item.c.catalogue == catalogue, item.c.image == image)
    rows = bulk.fetch(conn, statement.order_by(item.c.number).limit(1))
    return Item(*rows[0]) if rows else None


def of_id(conn: Connection, catalogue: str, item_id: str) -> Item | None:
    """The item of a catalogue that is called so; None when none is."""
    columns = [item.c[name] for name in _COLUMNS]
    mine = (item.c.catalogue == catalogue) & (item.c.item_id == item_id)
    rows = bulk.fetch(conn, select(*columns).where(mine))
    return Item(*rows[0]) if rows else None


def after(conn: Connection, run: int, first: int) -> list[tuple[str, Item]]:
    """A run's items from a number on, by number: each with the catalogue that it stands in."""
    columns = [run_item.c.catalogue, *(item.c[name] for name in _COLUMNS)]
    mine = (run_item.c.run == run) & (run_item.c.number >= first)
    statement = select(*columns).select_from(items_of_runs).where(mine)
    rows = bulk.fetch(conn, statement.order_by(run_item.c.number))
    return [(row[0], Item(*row[1:])) for row in rows]


def number_in_run(conn: Connection, run: int, catalogue: str, chosen: int) -> int | None:
    """The number that a run has given to an item of a catalogue; None when it does not have it."""
    mine = (run_item.c.catalogue == catalogue) & (run_item.c.item == chosen)
    rows = bulk.fetch(conn, select(run_item.c.number).where(run_item.c.run == run, mine))
    return int(rows[0][0]) if rows else None


def append_to_run(conn: Connection, run: int, catalogue: str, chosen: Item) -> int:
    """Number one more item in a run, after all others; one that it has keeps its number."""
    one_at_a_time(conn)
    known = number_in_run(conn, run, catalogue, chosen.number)
    if known is not None:
        return known
    highest = select(func.max(run_item.c.number)).where(run_item.c.run == run)
    number = int(conn.execute(highest).scalar_one()) + 1
    columns = ("run", "number", "catalogue", "item")
    bulk.insert(conn, run_item, columns, [(run, number, catalogue, chosen.number)])
    return number


def numbered(conn: Connection, run: int, number: int) -> Item | None:
    """The item that a run knows under a number."""
    columns = [item.c[name] for name in _COLUMNS]
    mine = (run_item.c.run == run) & (run_item.c.number == number)
    rows = bulk.fetch(conn, select(*columns).select_from(items_of_runs).where(mine))
    return Item(*rows[0]) if rows else None
