"""Shops in memory that differ in their seeds and meet the same draws whatever the world's numbers
are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db import images
from db.engine import read_transaction
from recommender.search.similarity import VisualNeighbours
from simulator.fitting.moments import moments
from simulator.fitting.search import FreeNumber
from simulator.fitting.seen import SeenVisits, of_events
from simulator.installation.context import Context, Step
from simulator.playing.in_memory import MemoryRun, gather, share_world
from simulator.playing.plan import Plan, Resolved
from simulator.playing.play import play
from simulator.playing.record import Record
from simulator.playing.simulate import pictures_of
from simulator.world.catalogue import Pictures
from simulator.world.presets import from_settings, to_settings

Floats = NDArray[np.float64]
BLIND = ("random", "popularity")
"""Policies whose slates depend on no vector."""


@dataclass(frozen=True)
class FitShop:
    """What stays the same of a seed: items, pictures, vectors, who is near whom."""

    resolved: Resolved
    pictures: Pictures
    vectors: NDArray[np.float32]
    neighbours: dict[int, VisualNeighbours]

    def seen(self, changes: dict[str, float], *, has_slates: bool) -> SeenVisits:
        """Its visits in a world with some numbers of its own, as such a log tells them."""
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
        category = np.asarray(self.pictures.category, np.int64)
        return of_events(record.events, category, config["days"], has_slates=has_slates)


def shops(context: Context, plans: Sequence[Resolved]) -> list[FitShop]:
    """A shop for each plan; where the policy sees no pictures, they need no vectors."""
    if plans[0].config["policy"] in BLIND:
        return [_without_vectors(context, one) for one in plans]
    return [FitShop(one, *gather(context, one), {}) for one in plans]


def _without_vectors(context: Context, resolved: Resolved) -> FitShop:
    with read_transaction(context.engine) as conn:
        pixels = images.read(conn, [item.image for item in resolved.items])
    pictures = pictures_of(resolved.items, resolved.config["categories"], pixels)
    return FitShop(resolved, pictures, np.ones((len(resolved.items), 1), np.float32), {})


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
