"""Catalogues: brings Fashion-MNIST into the database, and picks the items that a run trades in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db import images, items
from db.engine import read_transaction, write_transaction
from db.errors import NotFoundError, UsageError
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from db.nearest import nearest
from simulator.catalogues import fashion_mnist as datasets
from simulator.installation.context import Context
from simulator.world.draws import Purpose, uniform

FASHION_MNIST = "fashion-mnist"


def fashion_mnist(context: Context) -> datasets.FashionMnist:
    """The data set, found or fetched, checked, parsed."""
    settings = context.settings
    return datasets.load_fashion_mnist(
        settings.cache,
        keras_home=settings.keras_home,
        offline=settings.offline,
        say=context.talk.say,
    )


def ensure(context: Context, catalogue: str) -> list[Item]:
    """A catalogue's items; Fashion-MNIST is brought in when it is not there yet.

    Raises NotFoundError for a catalogue that nobody added.
    """
    with read_transaction(context.engine) as conn:
        stored = items.read(conn, catalogue)
    if not stored and catalogue == FASHION_MNIST:
        return _bring_in_fashion_mnist(context)
    if not stored:
        with read_transaction(context.engine) as conn:
            hint = nearest(
                catalogue, {FASHION_MNIST, *(one.catalogue for one in items.sizes(conn))}
            )
        raise NotFoundError(
            f"no catalogue {catalogue!r} in this database; {hint}`windowshop status` lists them, "
            "`windowshop catalogue add DIR` makes one"
        )
    return stored


def pick(catalogue: Sequence[Item], split: str, n: int, *, seed: int) -> list[Item]:
    """A stratified share of one split, sorted by item id: each category gives its part, drawn by
    picture.

    Raises UsageError when there are fewer than n.
    """
    pool = require(catalogue, split, n)
    draw = uniform(seed, Purpose.PICK, image_keys(pool))
    categories = sorted({item.category for item in pool})
    ranks = _rank_within(np.array([categories.index(item.category) for item in pool]), draw)
    # By rank within the category first: any prefix of this order is as balanced as it can be.
    order = np.lexsort((draw, ranks))[:n]
    return sorted((pool[place] for place in order), key=lambda item: item.item_id)


def require(catalogue: Sequence[Item], split: str, n: int) -> list[Item]:
    """All items of one split; UsageError when there are fewer than n."""
    pool = [item for item in catalogue if item.split == split]
    if n > len(pool):
        what = "items" if split == CATALOGUE_SPLIT else "queries"
        raise UsageError(
            f"{n} {what} were asked for, the catalogue has {len(pool)}; ask for fewer with --{what}"
        )
    return pool


def image_keys(chosen: Sequence[Item]) -> NDArray[np.uint64]:
    """The first 8 bytes of each picture's sha256, uint64 [n]: the address of what is drawn for
    it.
    """
    return np.array([int(item.image[:16], 16) for item in chosen], np.uint64)


def prices(chosen: Sequence[Item]) -> NDArray[np.int32] | None:
    """Cents by item, int32 [n], -1 where the world draws one; None when it draws all."""
    if all(item.price is None for item in chosen):
        return None
    return np.array([-1 if item.price is None else item.price for item in chosen], np.int32)


def category_names(catalogue: str, stored: Sequence[Item]) -> list[str]:
    """The categories by number: Fashion-MNIST's labels, or the names in alphabetical order."""
    return (
        list(datasets.CLASS_NAMES)
        if catalogue == FASHION_MNIST
        else sorted({row.category for row in stored})
    )


def category_numbers(chosen: Sequence[Item], names: Sequence[str]) -> NDArray[np.int16]:
    """Each item's category as a number into the names, int16 [n]."""
    return np.array([names.index(item.category) for item in chosen], np.int16)


def digest(chosen: Sequence[Item]) -> str:
    """sha256 over ids, pictures and given prices: two runs with the same digest saw the same
    items.
    """
    lines = "".join(
        f"{item.item_id} {item.image} {item.category} {item.split}"
        + ("\n" if item.price is None else f" {item.price}\n")
        for item in chosen
    )
    return hashlib.sha256(lines.encode()).hexdigest()


def _rank_within(group: NDArray[np.int64], draw: NDArray[np.float64]) -> NDArray[np.int64]:
    order = np.lexsort((draw, group))
    starts = np.flatnonzero(np.append(True, np.diff(group[order]) != 0))
    sizes = np.diff(np.append(starts, len(order)))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return ranks


def _bring_in_fashion_mnist(context: Context) -> list[Item]:
    data = fashion_mnist(context)
    context.talk.say("bringing 60,000 catalogue items and 10,000 query images into the database")
    parts = (
        ("train", CATALOGUE_SPLIT, data.train_images, data.train_labels),
        ("test", QUERY_SPLIT, data.test_images, data.test_labels),
    )
    with write_transaction(context.engine) as conn:
        for prefix, split, pixels, labels in parts:
            first = items.count(conn, FASHION_MNIST)
            hashes = images.add(conn, pixels)
            rows = [
                Item(
                    number=first + place,
                    item_id=f"{prefix}-{place:05d}",
                    image=key,
                    category=datasets.CLASS_NAMES[label],
                    split=split,
                    source=FASHION_MNIST,
                )
                for place, (key, label) in enumerate(zip(hashes, labels.tolist(), strict=True))
            ]
            items.add(conn, FASHION_MNIST, rows)
    with read_transaction(context.engine) as conn:
        return items.read(conn, FASHION_MNIST)
