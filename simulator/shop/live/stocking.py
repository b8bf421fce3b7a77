"""Items come in, change and go in one shop: each step a transaction, and a wait for the worker."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from db.engine import read_transaction, write_transaction
from db.errors import DependencyError, NotFoundError
from db.items import CATALOGUE_SPLIT, Item
from simulator.shop.live import stock
from simulator.shop.live.asking import PromptWorkforce
from simulator.shop.live.live_run import LiveRun
from simulator.shop.live.stock import Change, NewItem

NAP = 0.005


@dataclass(frozen=True)
class Stocking:
    """The back door of the shop that a live run is of."""

    engine: Engine
    live: LiveRun
    workforce: PromptWorkforce

    def add(self, new: NewItem, picture: NDArray[np.uint8], wait: float) -> tuple[str, bool]:
        """Add an item with its canonical picture; gives its id, and whether it is offered after
        `wait` seconds.

        Raises TakenError for an id that the shop has or had, WorkError when it cannot be embedded.
        """
        run = self.live.run
        with write_transaction(self.engine) as conn:
            stored, ids = stock.add(conn, run, new, picture)
        self.workforce.ring_first(ids)
        return stored.item_id, self._comes(stored, wait)

    def change(self, item_id: str, wanted: Change) -> None:
        """Change price, name or availability, in all live runs of the shop."""
        number = self._number(item_id)
        with write_transaction(self.engine) as conn:
            stock.change(conn, self.live.run, item_id, number, wanted)

    def remove(self, item_id: str) -> None:
        """An item goes for good."""
        number = self._number(item_id)
        with write_transaction(self.engine) as conn:
            stock.remove(conn, self.live.run, item_id, number)

    def is_awaited(self, item_id: str) -> bool:
        """Whether an item was added and is not offered yet; WorkError when that was given up."""
        if item_id in self.live.numbers:
            return False
        with read_transaction(self.engine) as conn:
            stored = stock.added(conn, self.live.run, item_id)
            return stored is not None and stock.is_on_its_way(conn, self.live.run, stored)

    def _number(self, item_id: str) -> int:
        """The number of something that is sold."""
        number = self.live.numbers.get(item_id)
        if number is not None and self.live.items[number].split == CATALOGUE_SPLIT:
            return number
        if self.is_awaited(item_id):
            raise DependencyError(f"item {item_id!r} is being embedded; try again in a moment")
        raise NotFoundError(
            f"no item {item_id[:80]!r} is sold here; GET /api/v1/items lists what is"
        )

    def _comes(self, stored: Item, wait: float) -> bool:
        deadline = time.monotonic() + wait
        while True:
            with read_transaction(self.engine) as conn:
                if not stock.is_on_its_way(conn, self.live.run, stored):
                    return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(NAP)
