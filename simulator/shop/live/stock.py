"""What a shop offers: items come in, are withheld, change their price, and go, while it is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db import images, items, offers, work
from db.errors import NotFoundError, TakenError
from db.items import CATALOGUE_SPLIT, Item
from db.offers import GONE, OFFERED, WITHHELD, Offer
from db.runs import Run

SOURCE = "added while the shop was open"


@dataclass(frozen=True)
class NewItem:
    """Something that shall be sold. item_id: left out, one is given; price: cents."""

    category: str
    price: int
    name: str = ""
    item_id: str | None = None


@dataclass(frozen=True)
class Change:
    """What shall be another way; None stays. price: cents."""

    price: int | None = None
    is_available: bool | None = None
    name: str | None = None


def first_items(run: Run) -> int:
    """How many items a live run began with: those to search with included, none that came later."""
    return int(run.config["items"]) + int(run.config["queries"])


def add(
    conn: Connection, run: Run, new: NewItem, picture: NDArray[np.uint8]
) -> tuple[Item, list[int]]:
    """Store an item with its canonical picture, and the work of offering it in all live runs of the
    shop; gives the item and the ids of work.

    Raises TakenError when the shop has, or had, an item of that id.
    """
    catalogue = offers.catalogue_of(run.config)
    number = items.next_number(conn, catalogue)
    item_id = new.item_id or f"added-{number:05d}"
    if _is_taken(conn, run, catalogue, item_id):
        raise TakenError(f"this shop has, or had, an item {item_id!r}; choose another id")
    (key,) = images.add(conn, picture[None])
    stored = Item(number, item_id, key, new.category, CATALOGUE_SPLIT, SOURCE, new.price)
    items.add(conn, catalogue, [stored])
    payload = {
        "catalogue": catalogue,
        "item": item_id,
        "name": new.name,
        "model": run.config["model"],
        "runtime": run.config["runtime"],
    }
    return stored, work.add(conn, run.number, "offer", {str(number): payload})


def is_on_its_way(conn: Connection, run: Run, stored: Item) -> bool:
    """Whether an item was added and is not offered yet; WorkError when that was given up."""
    return work.undone(conn, run.number, "offer", str(stored.number)) is not None


def added(conn: Connection, run: Run, item_id: str) -> Item | None:
    """An item that was added, offered yet or not; None when none was."""
    return items.of_id(conn, offers.catalogue_of(run.config), item_id)


def change(conn: Connection, run: Run, item_id: str, number: int, wanted: Change) -> None:
    """Change an item, by its number in one run, in all live runs of the shop."""
    _each(conn, run, item_id, number, wanted, is_gone=False)


def remove(conn: Connection, run: Run, item_id: str, number: int) -> None:
    """An item goes for good. Its events, its slates and its place in the counts stay."""
    _each(conn, run, item_id, number, Change(), is_gone=True)


def copy(conn: Connection, run: Run) -> None:
    """A live run that was just made offers what the others of its shop do."""
    catalogue = offers.catalogue_of(run.config)
    others = [one for one in offers.of_shop(conn, catalogue) if one.number != run.number]
    if not others:
        return
    known = offers.of_run(conn, others[0].number)
    later = dict(enumerate(items.after(conn, others[0].number, n := first_items(run)), n))
    mine = []
    for number, one in known.items():
        here = number
        if number >= n:
            here = items.append_to_run(conn, run.number, catalogue, later[number][1])
        mine.append(one._replace(item=here))
    if mine:
        offers.note(conn, run.number, mine)


def _each(
    conn: Connection, run: Run, item_id: str, number: int, wanted: Change, *, is_gone: bool
) -> None:
    catalogue = offers.catalogue_of(run.config)
    runs_of_shop = offers.of_shop(conn, catalogue)
    stored = items.of_id(conn, catalogue, item_id)
    for one in runs_of_shop:
        here: int | None = number
        if number >= first_items(run):
            here = stored and items.number_in_run(conn, one.number, catalogue, stored.number)
        if here is None:
            continue
        now = offers.of_run(conn, one.number).get(here)
        if now is not None and now.state == GONE:
            raise NotFoundError(f"no item {item_id!r}: it was deleted")
        offers.note(conn, one.number, [_after(here, now, wanted, is_gone=is_gone)])


def _after(number: int, now: Offer | None, wanted: Change, *, is_gone: bool) -> Offer:
    """What a change makes of an item."""
    now = now or Offer(number, OFFERED, None, "")
    state = now.state
    if wanted.is_available is not None:
        state = OFFERED if wanted.is_available else WITHHELD
    return Offer(
        number,
        GONE if is_gone else state,
        now.price if wanted.price is None else wanted.price,
        now.name if wanted.name is None else wanted.name,
    )


def _is_taken(conn: Connection, run: Run, catalogue: str, item_id: str) -> bool:
    config: Mapping[str, Any] = run.config
    return any(
        items.of_id(conn, one, item_id) is not None for one in (catalogue, config["catalogue"])
    )
