"""A guest in a run that is not stored: its days and its notes are kept here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.events import Events
from db.items import Item
from recommender.profile import Profiles
from simulator.guests.admitted import Admitted
from simulator.playing.desk import BATCH
from workers.guests import tables
from workers.guests.doors.opening import open_door
from workers.guests.host import Host, shop_of
from workers.guests.notes import notes_of
from workers.guests.protocol import Day
from workers.run_recommender import RunRecommender


@dataclass
class GuestInMemory:
    """Whom a run in memory asks for slates; `close` it in the end."""

    host: Host
    days: dict[int, Day | None]
    """Those that are over, for whoever learns them tomorrow, or once more after it was gone."""
    notes: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    """Of slates that have one, by (session, step)."""

    def slates(self, profiles: Profiles, events: Events, known: RunRecommender) -> NDArray[Any]:
        """SLATE [n, k] of requests of one step, asked in the batches of a stored run."""
        parts = []
        for start in range(0, len(profiles), BATCH):
            some = profiles[start : start + BATCH]
            answered = self.host.answer(known, events, some)
            parts.append(answered.entries)
            asked = zip(some.session.tolist(), some.step.tolist(), strict=True)
            noted = zip(asked, notes_of(answered), strict=True)
            self.notes |= {request: note for request, note in noted if note}
        return np.concatenate(parts)

    def end_day(self, events: Events, generation: int) -> None:
        """A day is over."""
        self.days[generation] = tables.day(generation, events)

    def close(self) -> None:
        """Nobody asks any more."""
        self.host.close()


def guest_in_memory(
    admitted: Admitted,
    config: dict[str, Any],
    items: Sequence[Item],
    *,
    prices: NDArray[np.int32],
    pictures: NDArray[np.uint8],
    vectors: NDArray[np.float32],
    run: str,
) -> GuestInMemory:
    """The guest of a run's config, not asked yet; prices: cents, of all items by number."""
    k = config["recommender"]["slate_size"]
    shop = shop_of(
        items, prices=prices, pictures=pictures, vectors=vectors, k=k, seed=config["seed"]
    )
    door = open_door(admitted.guest, admitted.limits, run)
    days: dict[int, Day | None] = {}
    host = Host(admitted.guest.name, door, shop, days.get, is_strict=admitted.is_strict)
    return GuestInMemory(host, days)
