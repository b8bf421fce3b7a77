"""Shops in memory that differ in their seeds and meet the same draws whatever the world's numbers
are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.events import Events
from recommender.search.similarity import VisualNeighbours
from simulator.fitting.moments import moments
from simulator.fitting.search import FreeNumber
from simulator.fitting.seen import SeenVisits, of_events
from simulator.installation.context import Context, Step
from simulator.playing.in_memory import MemoryRun, gather_for_policy, share_world
from simulator.playing.plan import Plan, Resolved
from simulator.playing.play import play
from simulator.playing.record import Record
from simulator.world.catalogue import Pictures
from simulator.world.presets import from_settings, to_settings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FitShop:
    """What stays the same of a seed: items, pictures, vectors, who is near whom."""

    resolved: Resolved
    pictures: Pictures
    vectors: NDArray[np.float32]
    neighbours: dict[int, VisualNeighbours]

    def seen(self, changes: dict[str, float], *, has_slates: bool) -> SeenVisits:
        """Its visits in a world with some numbers of its own, as such a log tells them."""
        category = np.asarray(self.pictures.category, np.int64)
        days = self.resolved.config["days"]
        return of_events(self.events(changes), category, days, has_slates=has_slates)

    def events(self, changes: dict[str, float]) -> Events:
        """All that happens there."""
        config = self.resolved.config
        world = from_settings(config["world"]["settings"])
        numbers: dict[str, Any] = dict(changes)
        world = replace(world, **numbers)
        changed: dict[str, Any] = {
            **config,
            "world": {**config["world"], "settings": to_settings(world)},
        }
        shared = share_world(changed, self.pictures, self.vectors)
        shared = replace(shared, neighbours=self.neighbours)
        record = Record(config["recommender"]["slate_size"])
        desk = MemoryRun(shared.recommender(config["policy"]), record=record)
        play(
            shared.world,
            desk,
            days=config["days"],
            policy=config["policy"],
            seed=config["seed"],
            after_day=lambda _: None,
        )
        return record.events


def shops(context: Context, plans: Sequence[Resolved]) -> list[FitShop]:
    """A shop for each plan."""
    return [FitShop(one, *gather_for_policy(context, one), {}) for one in plans]


@dataclass(frozen=True)
class SimulatedMoments:
    """From numbers to the moments of all shops."""

    shops: Sequence[FitShop]
    numbers: Sequence[FreeNumber]
    has_slates: bool
    names: Sequence[str]
    """The moments that the log has, in its order."""
    step: Step

    def __call__(self, values: Floats) -> Floats:
        """Moments [n_shops, n_moments]."""
        changes = dict(zip((one.name for one in self.numbers), values.tolist(), strict=True))
        rows = []
        for shop in self.shops:
            seen = shop.seen(changes, has_slates=self.has_slates)
            found = moments(seen, has_items=True)
            rows.append([found[name] for name in self.names])
        self.step()
        return np.array(rows)


def plan_of(seen: SeenVisits, base: str, *, policy: str, **sizes: Any) -> Plan:
    """A shop as large as what was seen of the log."""
    return Plan(
        policy=policy, world=base, days=seen.days, shoppers=max(seen.n_shoppers, 20), **sizes
    )
