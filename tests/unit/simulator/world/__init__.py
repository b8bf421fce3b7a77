"""Small worlds that the tests of simulator.world share."""

from __future__ import annotations

from typing import Any

import numpy as np

from db.events import Events
from simulator.world import day
from simulator.world.catalogue import Pictures
from simulator.world.draws import Purpose, bits, uniform
from simulator.world.presets import WorldConfig
from simulator.world.session import Sessions, World

N_ITEMS = 250
N_QUERIES = 60
BUSY = WorldConfig(click_base=-2.0, cart_base=-1.0, purchase_base=0.0)
"""A world with many of each kind of event, so that small tests see them all."""


def pictures(n_items: int = N_ITEMS, n_queries: int = N_QUERIES) -> Pictures:
    """Noise within a box of random size and brightness; ten categories in turn."""
    n = n_items + n_queries
    number = np.arange(n)
    size = 4 + (uniform(7, Purpose.CLUSTER, number, 0) * 10).astype(np.int64)
    middle = np.abs(np.arange(28) - 13.5)
    box = (middle[:, None] < 13) & (middle < size[:, None, None])
    light = 60 + 195 * uniform(7, Purpose.CLUSTER, number, 1)[:, None, None]
    noise = uniform(
        7, Purpose.CLUSTER, number[:, None, None], np.arange(28)[:, None], np.arange(28)
    )
    return Pictures(
        pixels=(box * light * (0.5 + 0.5 * noise)).astype(np.uint8),
        category=(number % 10).astype(np.int16),
        is_query=number >= n_items,
        image_key=bits(7, Purpose.HOLD_OUT, number),
    )


def a_world(
    config: WorldConfig = BUSY, *, seed: int = 3, n_shoppers: int = 300, **sizes: Any
) -> World:
    """A world of the small pictures."""
    return day.build_world(config, seed=seed, pictures=pictures(), n_shoppers=n_shoppers, **sizes)


def random_slates(world: World, sessions: Sessions) -> Any:
    """Ten different items for each session that is alive, by an addressed draw."""
    now = sessions.take(sessions.alive)
    items = np.arange(world.catalogue.n_items)
    dice = uniform(99, Purpose.CLUSTER, now.session[:, None], now.step, items)
    return np.argsort(dice, axis=1)[:, : world.slate_size].astype(np.int32)


def best_slates(world: World, sessions: Sessions) -> Any:
    """The ten items the judge likes best."""
    chance = day.click_probability(world, sessions)
    return np.argsort(-chance, axis=1, kind="stable")[:, : world.slate_size].astype(np.int32)


def mixed_slates(world: World, sessions: Sessions) -> Any:
    """The best ten for every other shopper, random ones for the rest: good and bad slates on one
    day.
    """
    lucky = sessions.shopper[sessions.alive] % 2 == 0
    return np.where(lucky[:, None], best_slates(world, sessions), random_slates(world, sessions))


def shop(world: World, sessions: Sessions, choose: Any) -> tuple[Sessions, Events, float, int]:
    """A whole day: the sessions at its end, all events, clicks expected and items shown."""
    told = [Events.empty(world.slate_size)]
    expected = 0.0
    shown = 0
    while sessions.alive.any():
        sessions, asked = day.ask(world, sessions)
        slates = choose(world, sessions)
        sessions, answered, outcomes = day.read(world, sessions, slates)
        told += [asked, answered]
        expected += float(outcomes.expected.sum())
        shown += int((slates >= 0).sum())
    return sessions, Events.concat(told), expected, shown
