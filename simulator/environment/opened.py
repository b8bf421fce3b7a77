"""From what somebody asks `gymnasium.make` for to a world and what an agent sees of its items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from db.errors import UsageError
from db.items import Item
from recommender.search.similarity import round_embeddings
from simulator.world.catalogue import Pictures
from simulator.world.day import build_world
from simulator.world.presets import arriving, from_settings
from simulator.world.session import World

if TYPE_CHECKING:
    from simulator.installation.context import Context
    from workers.guests.protocol import Shop

REWARDS = ("click", "cart", "purchase", "revenue")


@dataclass(frozen=True)
class Setting:
    """What stays the same when an environment begins again with another seed."""

    items: list[Item]
    pictures: Pictures
    vectors: NDArray[np.float32]
    """float32 [n, dim], unit rows: items for sale, then those that are searched with."""
    settings: dict[str, Any]
    """Of the world."""
    seed: int
    shoppers: int
    slates: int
    k: int

    @property
    def n_items(self) -> int:
        """How many items are for sale."""
        return int(np.count_nonzero(~self.pictures.is_query))

    def world(self, seed: int) -> World:
        """The world of a seed: other shoppers, other hidden tastes, the same pictures."""
        return build_world(
            from_settings(self.settings),
            seed=seed,
            pictures=self.pictures,
            n_shoppers=self.shoppers,
            slate_size=self.k,
            max_slates=self.slates,
        )

    def shop(self, world: World) -> Shop:
        """What any recommender sees of the items: ids, categories, prices, pictures, vectors."""
        from workers.guests.host import shop_of  # noqa: PLC0415 - Arrow, for who asks

        return shop_of(
            self.items,
            prices=world.catalogue.price.astype(np.int32),
            pictures=self.pictures.pixels,
            vectors=self.vectors,
            k=self.k,
            seed=world.seed,
        )


def opened(
    *,
    items: int = 300,
    queries: int = 100,
    shoppers: int = 3000,
    slates: int = 3,
    k: int = 10,
    seed: int = 1,
    world: str = "mixed",
    catalogue: str = "fashion-mnist",
    context: Context | None = None,
) -> Setting:
    """The setting of these sizes, whose names are those of `windowshop simulate`; k: items shown.

    context: the installation; the environment's own where none is given. Raises UsageError for
    what cannot be played.
    """
    from simulator.installation.context import Silence, open_context  # noqa: PLC0415 - when asked
    from simulator.playing.in_memory import gather  # noqa: PLC0415
    from simulator.playing.plan import FILLING, Plan  # noqa: PLC0415
    from simulator.playing.simulate import prepare  # noqa: PLC0415
    from workers.settings import load  # noqa: PLC0415

    most = (items - 1) // slates if slates > 0 else items
    if not 1 <= k <= most:
        raise UsageError(
            f"k must be from 1 to (items - 1) / slates, {most} here, found {k};"
            " a visit shows no item twice"
        )
    plan = Plan(
        policy=FILLING, seed=seed, days=10_000, shoppers=shoppers, items=items, queries=queries,
        slates=slates, world=world, catalogue=catalogue,
    )  # fmt: skip
    if arriving(world):
        raise UsageError(
            f"world {world!r} has items that come later, which an environment cannot show;"
            " leave new_share and new_day out"
        )
    here = context or open_context(load(), Silence())
    resolved = prepare(here, plan)
    pictures, vectors = gather(here, resolved)
    return Setting(
        resolved.items,
        pictures,
        round_embeddings(vectors),
        resolved.config["world"]["settings"],
        seed,
        shoppers,
        slates,
        k,
    )
