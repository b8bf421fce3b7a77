"""A small setting that the tests of the environment share: no database, no network's vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from simulator.environment.opened import Setting
from simulator.world import day
from simulator.world.draws import Purpose, uniform
from simulator.world.session import World
from tests.unit.simulator.world import BUSY, N_ITEMS, N_QUERIES, pictures

DIM = 8


def a_setting(**changes: Any) -> Setting:
    """The small pictures of the world's tests, in the world where much happens."""
    n = N_ITEMS + N_QUERIES
    vectors = np.random.default_rng(5).normal(size=(n, DIM))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    given: dict[str, Any] = {"seed": 3, "shoppers": 60, "slates": 3, "k": 10}
    return Setting(
        items=[an_item(number) for number in range(n)],
        pictures=pictures(),
        vectors=vectors.astype(np.float32),
        settings=vars(BUSY),
        **{**given, **changes},
    )


def an_item(number: int) -> Item:
    """An item of the small pictures."""
    split = CATALOGUE_SPLIT if number < N_ITEMS else QUERY_SPLIT
    category = f"category-{number % 10}"
    return Item(number, f"item-{number}", f"{number:064x}", category, split, "given")


def lots(
    world: World, session: NDArray[Any], step: NDArray[Any], seen: NDArray[Any], query: NDArray[Any]
) -> NDArray[np.int32]:
    """For each request ten items by an addressed draw, none of them seen in the visit or asked
    with.
    """
    items = np.arange(world.catalogue.n_items)
    dice = uniform(99, Purpose.CLUSTER, session[:, None], step[:, None], items)
    dice[(items[None, :, None] == seen[:, None, :]).any(axis=2)] = 2.0
    dice[items[None, :] == query[:, None]] = 2.0
    return np.argsort(dice, axis=1)[:, : world.slate_size].astype(np.int32)


def by_lot(world: World, sessions: Any) -> NDArray[np.int32]:
    """`lots` for the sessions of a run that are alive."""
    now = sessions.take(sessions.alive)
    step = np.full(len(now.session), now.step)
    return lots(world, now.session, step, now.seen, now.query)


def days_of_a_run(world: World, days: int) -> list[Any]:
    """The events of each day of a run that shows `by_lot`, EVENT arrays by session and ordinal."""
    from tests.unit.simulator.world import shop

    memory = day.begin(world)
    told = []
    for number in range(days):
        sessions, events, _, _ = shop(world, day.open_day(world, memory, number), by_lot)
        told.append(events.rows)
        memory = day.close_day(world, memory, sessions)
    return told
