"""Categories without query images: they are sold and opened, but nobody searches in them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.world import day, session
from simulator.world.catalogue import Pictures
from simulator.world.draws import Purpose, bits
from simulator.world.session import World
from tests.unit.simulator.world import BUSY, best_slates, pictures, random_slates

SIZES = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 3)), min_size=1, max_size=20).filter(
    lambda sizes: sum(n for n, _ in sizes) > 0 and sum(n for _, n in sizes) > 0
)
"""Items and query images by category; some categories are empty, some lack the one or the other."""

LONG_TAIL = [(60, 3), (30, 0), (20, 1), (10, 0), (5, 0)]


def world_of(sizes: list[tuple[int, int]], *, first: int, seed: int = 3) -> World:
    """A world with these categories, numbered from `first`."""
    n_items, n_queries = sum(n for n, _ in sizes), sum(n for _, n in sizes)
    number = np.arange(n_items + n_queries)
    ids = first + np.arange(len(sizes))
    category = np.concatenate([np.repeat(ids, [size[which] for size in sizes]) for which in (0, 1)])
    small = Pictures(
        pixels=pictures(n_items, n_queries).pixels,
        category=category.astype(np.int16),
        is_query=number >= n_items,
        image_key=bits(seed, Purpose.HOLD_OUT, number),
    )
    return day.build_world(BUSY, seed=seed, pictures=small, n_shoppers=60, slate_size=5)


@settings(max_examples=60, deadline=None)
@given(sizes=SIZES, first=st.sampled_from([0, 10]), seed=st.integers(0, 99), likes=st.booleans())
def test_every_query_belongs_to_the_category_she_wants(
    sizes: list[tuple[int, int]], first: int, seed: int, likes: bool
) -> None:
    """Of whatever catalogue, at each step of a day; and a search is with a query image."""
    world = world_of(sizes, first=first, seed=seed)
    choose = best_slates if likes else random_slates
    sessions = day.open_day(world, day.begin(world), 0)
    while sessions.alive.any():
        now = sessions.take(sessions.alive)
        assert np.array_equal(world.catalogue.category[now.query], now.category)
        assert np.array_equal(now.query >= world.catalogue.n_items, ~now.opened)
        sessions = day.ask(world, sessions)[0]
        sessions = day.read(world, sessions, padded(choose(world, sessions)))[0]


def padded(slates: np.ndarray) -> np.ndarray:
    """Slates of five places, however few items there are."""
    return np.pad(slates, ((0, 0), (0, 5 - slates.shape[1])), constant_values=-1)


def test_who_cannot_search_on_goes_where_her_demand_leads_her() -> None:
    """From a category without query images into each that has some, as often as demand says."""
    world = world_of(LONG_TAIL, first=10)
    sessions = day.open_day(world, day.begin(world), 0)
    n = len(sessions.shopper)
    stuck = session.open_item(world, sessions, np.full(n, 60))  # of the second category
    nowhere = np.zeros(n, np.bool_)
    gone = session.next_search(world, stuck, nowhere)
    assert set(gone.tolist()) == {10, 12}
    demand = np.exp(world.population.demand[sessions.shopper][:, [10, 12]])
    expected = (demand[:, 0] / demand.sum(1)).mean()
    assert abs((gone == 10).mean() - expected) < 0.15
    assert np.array_equal(gone, session.next_search(world, stuck, nowhere))


def test_who_can_search_on_stays_where_she_is() -> None:
    """A category with query images is left only for what goes with something bought."""
    world = world_of(LONG_TAIL, first=10)
    sessions = day.open_day(world, day.begin(world), 0)
    stays = session.next_search(world, sessions, np.zeros(len(sessions.shopper), np.bool_))
    assert np.array_equal(stays, sessions.category)
