"""What she searches for, opens and searches for next, and when she has had enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.world import day, session
from simulator.world.catalogue import Pictures
from simulator.world.draws import Purpose, bits
from simulator.world.session import World
from tests.unit.simulator.world import (
    BUSY,
    a_world,
    best_slates,
    mixed_slates,
    pictures,
    random_slates,
)

WORLD = a_world(n_shoppers=2000)


def morning() -> session.Sessions:
    """A day's sessions, each with a query image chosen."""
    return day.open_day(WORLD, day.begin(WORLD), 0)


def test_she_searches_with_a_query_image_of_the_category_she_wants() -> None:
    """Query items only, and of the category in her mind."""
    sessions = morning()
    assert (sessions.query >= WORLD.catalogue.n_items).all()
    assert np.array_equal(WORLD.catalogue.category[sessions.query], sessions.category)
    assert not sessions.opened.any()


def test_she_prefers_query_images_close_to_her_taste() -> None:
    """With a stronger preference the chosen images are closer to taste on average."""
    means = []
    for strength in (0.0, 2.0):
        world = a_world(replace(BUSY, query_closeness=strength), n_shoppers=2000)
        sessions = day.open_day(world, day.begin(world), 0)
        means.append((sessions.taste * sessions.anchor).sum(1).mean())
    assert means[1] > means[0] + 0.3


def test_a_new_search_uses_another_image() -> None:
    """Those who search again do not search with an image they used before, as long as there are
    others.
    """
    sessions = day.ask(WORLD, morning())[0]
    after = day.read(WORLD, sessions, random_slates(WORLD, sessions))[0]
    again = after.take(after.alive & ~after.opened)
    same_category = again.category == WORLD.catalogue.category[again.asked[:, 0]]
    repeated = again.query == again.asked[:, 0]
    assert len(repeated) > 500
    assert repeated[same_category].mean() < 0.02


def test_she_opens_only_what_she_clicked() -> None:
    """An opened item was clicked on the slate before, becomes the query and gives the category she
    wants.
    """
    sessions = day.ask(WORLD, morning())[0]
    after = day.read(WORLD, sessions, best_slates(WORLD, sessions))[0]
    now = after.take(after.alive & after.opened)
    clicked = np.where(now.clicked, now.seen, -2)
    assert len(now.query) > 100
    assert (clicked == now.query[:, None]).any(1).all()
    assert np.array_equal(now.category, WORLD.catalogue.category[now.query])


def test_an_opened_item_draws_what_she_looks_for_towards_itself() -> None:
    """The anchor lies between the old query image and the item."""
    sessions = morning().take(slice(0, 50))
    item = np.arange(50)
    opened = session.open_item(WORLD, sessions, item)
    style = WORLD.catalogue.style[item]
    pull = WORLD.config.open_pull
    assert np.allclose(opened.anchor - sessions.anchor, pull * (style - sessions.anchor))


def test_after_a_cart_she_may_search_for_what_goes_with_it() -> None:
    """The next category is the same or a complement, a complement about as often as the setting
    says.
    """
    sessions = morning()
    had = np.ones(len(sessions.shopper), bool)
    after = session.next_search(WORLD, sessions, had)
    moved = after != sessions.category
    assert WORLD.catalogue.complements[sessions.category[moved], after[moved]].all()
    assert abs(moved.mean() - WORLD.config.cross_sell) < 0.05
    assert np.array_equal(session.next_search(WORLD, sessions, ~had), sessions.category)


def test_bad_slates_and_purchases_send_her_away() -> None:
    """A slate without a click and a purchase each raise the share that leaves."""
    sessions = morning()
    no = np.zeros(len(sessions.shopper), bool)
    yes = np.ones(len(sessions.shopper), bool)
    calm = session.leaves(WORLD, sessions, is_bad_slate=no, has_bought=no)
    bored = session.leaves(WORLD, sessions, is_bad_slate=yes, has_bought=no)
    served = session.leaves(WORLD, sessions, is_bad_slate=no, has_bought=yes)
    assert calm.mean() < bored.mean()
    assert calm.mean() < served.mean()
    assert not (calm & ~bored).any()


def test_nobody_reads_more_slates_than_allowed() -> None:
    """After the last slate everybody has left, and some have left before."""
    sessions = morning()
    steps = []
    while sessions.alive.any():
        steps.append(int(sessions.alive.sum()))
        sessions = day.ask(WORLD, sessions)[0]
        sessions = day.read(WORLD, sessions, mixed_slates(WORLD, sessions))[0]
    assert len(steps) == WORLD.max_slates
    assert steps[0] > steps[1] > steps[2] > 0


def test_she_tires_of_styles_she_has_seen() -> None:
    """What she looks for moves away from the style of clicked items when fatigue is raised."""
    moved = []
    for weight in (0.0, 0.5):
        world = a_world(replace(BUSY, fatigue_clicked=weight, fatigue_seen=0.0), n_shoppers=300)
        sessions = day.ask(world, day.open_day(world, day.begin(world), 0))[0]
        after = day.read(world, sessions, best_slates(world, sessions))[0]
        moved.append(np.abs(after.fatigue).sum())
    assert moved[0] == 0 < moved[1]


SIZES = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 3)), min_size=1, max_size=20).filter(
    lambda sizes: sum(n for n, _ in sizes) > 0 and sum(n for _, n in sizes) > 0
)
"""Items and query images by category; some categories are empty, some lack the one or the other."""

LONG_TAIL = [(60, 3), (30, 0), (20, 1), (10, 0), (5, 0)]


def world_of(sizes: list[tuple[int, int]], *, first: int, seed: int = 3) -> World:
    """A world with these categories, numbered from `first`."""
    n_items = sum(n for n, _ in sizes)
    n_queries = sum(n for _, n in sizes)
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
