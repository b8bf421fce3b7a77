"""What is known of items beside their ids: category and price, of a catalogue or of a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from db.items import Item
from simulator.logs.log_pictures import joined
from simulator.logs.reading.arrays.events import LogEvents
from simulator.world.catalogue import Catalogue

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Goods:
    """category: number by item, int64 [n], -1 where unknown; price: float64 [n], NaN where
    unknown, in the unit of the catalogue.
    """

    category: Ints
    price: Floats


@dataclass(frozen=True)
class KnownGoods:
    """The same by item id; what is not in it is unknown."""

    category: Mapping[str, int] = field(default_factory=dict)
    price: Mapping[str, float] = field(default_factory=dict)

    def of_log(self, log: LogEvents) -> Goods:
        """By the number of a log's items, joined as pictures are."""
        ids = log.item.texts()
        category = joined(ids, {one: str(number) for one, number in self.category.items()})
        price = joined(ids, {one: repr(value) for one, value in self.price.items()})
        return Goods(
            np.array([int(category.get(one, -1)) for one in ids], np.int64),
            np.array([float(price.get(one, "nan")) for one in ids], np.float64),
        )


def of_items(stored: Sequence[Item], names: Sequence[str]) -> KnownGoods:
    """Of a catalogue's items; names: its categories by number."""
    number = {name: place for place, name in enumerate(names)}
    return KnownGoods(
        {one.item_id: number[one.category] for one in stored if one.category in number},
        {one.item_id: one.price / 100 for one in stored if one.price is not None},
    )


def of_world(items: Sequence[Item], world: Catalogue, names: Sequence[str]) -> KnownGoods:
    """Of a run's items, whose prices the world has drawn where nobody gave one."""
    prices = dict(zip((one.item_id for one in items), (world.price / 100).tolist(), strict=True))
    return KnownGoods(of_items(items, names).category, prices)


def of_shop(items: Sequence[Item], world: Catalogue, names: Sequence[str]) -> Goods:
    """By item number of a simulated shop."""
    category = of_items(items, names).category
    return Goods(
        np.array([category.get(one.item_id, -1) for one in items], np.int64), world.price / 100
    )
