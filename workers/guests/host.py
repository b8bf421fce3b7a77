"""Asks one run's guest in the order of its days, and brings it back when its process is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from db.errors import FinalError, WorkError
from db.events import Events
from db.items import CATALOGUE_SPLIT, Item
from recommender.profile import Profiles
from workers.guests import tables
from workers.guests.answers import FAULTS, Answered, completed
from workers.guests.door import Door, GuestAnswer, GuestError
from workers.guests.protocol import Day, Requests, Shop
from workers.run_recommender import RunRecommender

Scalar = TypeVar("Scalar", bound=np.generic)
BEFORE_THE_FIRST_DAY = -1
LONGEST_QUOTE = 120
TRIES = 3
"""How often a guest that dies is brought back for one call."""

Days = Callable[[int], Day | None]
"""The day of a generation; None where nobody came."""


@dataclass
class Host:
    """One run's guest, as far as this process has asked it."""

    name: str
    door: Door
    shop: Shop
    days: Days
    is_strict: bool = False
    """A bad answer stops the run."""
    _learned: int | None = field(default=None, init=False)
    """The last day it has learned; None: it was not started yet."""

    def answer(self, known: RunRecommender, events: Events, profiles: Profiles) -> Answered:
        """The slates of requests of one step.

        known: the run at a generation, up to which the guest sees the days. events: of the
        sessions so far. Raises FinalError where the guest cannot start or learn, and for a bad
        answer where is_strict.
        """
        on_sale = _unwritable(known.knowledge.is_candidate[: self.shop.n_items])
        requests = tables.requests(events, profiles.session, int(profiles.step[0]), on_sale)
        said: GuestAnswer | str
        try:
            said = self._asked(requests, known.generation)
            why = ""
        except GuestError as error:
            said = error.kind
            why = f"{error}\n{error.traceback}".strip()
        answered = completed(said, profiles, on_sale, config=known.config, seed=self.shop.seed)
        if self.is_strict and answered.faults.any():
            raise FinalError(_quoted(self.name, profiles, said, answered, why))
        return answered

    def close(self) -> None:
        """Nobody asks any more."""
        self.door.close()

    def _asked(self, requests: Requests, generation: int) -> GuestAnswer:
        """Its answer; one that died is brought back, and asked again."""
        for tries_left in reversed(range(TRIES)):
            self._advance(generation)
            try:
                return self.door.slates(requests)
            except GuestError as error:
                if error.kind != "raised":
                    self._learned = None
                if error.kind != "died" or not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _advance(self, generation: int) -> None:
        """Have it know the days up to a generation, and none after."""
        for tries_left in reversed(range(TRIES)):
            try:
                self._teach(generation)
                return
            except GuestError as error:
                self._learned = None
                if error.kind == "died" and tries_left:
                    continue
                why = f"{self.name} cannot go on: {error}\n{error.traceback}".strip()
                # One that dies may live another time; one that raises would raise again.
                raise (WorkError if error.kind == "died" else FinalError)(why) from None

    def _teach(self, generation: int) -> None:
        if self._learned is None or self._learned > generation:
            self.door.start(self.shop)
            self._learned = BEFORE_THE_FIRST_DAY
        while self._learned < generation:
            day = self.days(self._learned + 1)
            if day is not None:
                self.door.learn(day)
            self._learned += 1


def shop_of(
    items: Sequence[Item],
    *,
    prices: NDArray[np.int32],
    pictures: NDArray[np.uint8],
    vectors: NDArray[np.float32],
    k: int,
    seed: int,
) -> Shop:
    """What a guest sees of a run's items: [n] of all, the catalogue first. prices: cents."""
    sold = [item for item in items if item.split == CATALOGUE_SPLIT]
    n = len(sold)
    table = pa.table(
        {
            "number": pa.array(np.arange(n, dtype=np.int32)),
            "id": [item.item_id for item in sold],
            "category": [item.category for item in sold],
            "price": pa.array(prices[:n] / 100.0),
        }
    )
    asked = [item.item_id for item in items if item.split != CATALOGUE_SPLIT]
    numbers = pa.array(np.arange(n, len(items), dtype=np.int32))
    queries = pa.table({"number": numbers, "id": pa.array(asked, pa.string())})
    return Shop(table, queries, _unwritable(pictures), _unwritable(vectors), k, seed)


def _unwritable(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """A view that cannot be written: in memory, a guest's array is the one that ours score with."""
    view = array.view()
    view.flags.writeable = False
    return view


def _quoted(
    name: str, profiles: Profiles, said: GuestAnswer | str, answered: Answered, why: str
) -> str:
    row = int(np.flatnonzero(answered.faults.any(axis=1))[0])
    faults = [FAULTS[kind] for kind in np.flatnonzero(answered.faults[row])]
    about = (
        f"session {profiles.session[row]}, step {profiles.step[row]}, query {profiles.query[row]}"
    )
    if isinstance(said, str) or said.items is None:
        quote = why or (said if isinstance(said, str) else said.odd)
    elif said.items.ndim == 2 and len(said.items) > row:
        quote = str(said.items[row].tolist())
    else:
        quote = f"an array of shape {list(said.items.shape)}"
    return (
        f"{name} answered badly ({', '.join(faults)}): to {about} it said {quote[:LONGEST_QUOTE]}"
    )
