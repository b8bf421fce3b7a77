"""A day's events tell one consistent story, and the same one for each session whatever company it
has.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from db.events import ABSENT, EVENT, FIELDS_OF, Events, Kind
from simulator.world import day
from simulator.world.session import Sessions
from tests.unit.simulator.world import (
    BUSY,
    a_world,
    best_slates,
    mixed_slates,
    pictures,
    random_slates,
    shop,
)

WORLD = a_world(n_shoppers=400)


def whole_day(number: int = 0) -> Events:
    """The events of a day of good and bad slates."""
    return shop(WORLD, day.open_day(WORLD, day.begin(WORLD), number), mixed_slates)[1]


def test_each_kind_of_event_has_its_fields_and_no_others() -> None:
    """What the vocabulary promises is there; everything else is absent."""
    events = whole_day()
    for kind, present in FIELDS_OF.items():
        rows = events.of(kind)
        assert len(rows) > 0
        for name in EVENT.names or ():
            assert ((rows[name] != ABSENT) == (name in present)).all(), (kind, name)


def test_time_moves_on_and_ordinals_count_within_a_session() -> None:
    """Within a session `at` strictly increases and ordinals run 0, 1, 2, ..."""
    rows = whole_day(2).rows
    same = rows["session"][1:] == rows["session"][:-1]
    assert (np.diff(rows["at"])[same] > 0).all()
    assert (np.diff(rows["ordinal"])[same] == 1).all()
    assert (rows["ordinal"][1:][~same] == 0).all()
    assert (rows["session"] == 2 * WORLD.n_shoppers + rows["shopper"]).all()


def test_every_session_asks_then_sees_and_leaves_once() -> None:
    """One request and one impression a step, in this order; LEAVE is the last event, in the last
    step.
    """
    events = whole_day()
    asks = events.of(Kind.SEARCH, Kind.VIEW)
    shows = events.of(Kind.IMPRESSION)
    leaves = events.of(Kind.LEAVE)
    assert np.array_equal(asks[["session", "step", "query"]], shows[["session", "step", "query"]])
    assert (shows["at"] > asks["at"]).all()
    last = np.append(np.flatnonzero(np.diff(events.rows["session"])), len(events.rows) - 1)
    assert np.array_equal(events.rows[last], leaves)
    assert np.array_equal(np.unique(events.rows["session"]), leaves["session"])


def test_acts_point_at_the_impression_that_caused_them() -> None:
    """A click, cart or purchase names the impression, position and item of a slate of its own
    step.
    """
    events = whole_day()
    shows = events.of(Kind.IMPRESSION)
    key = {(int(r["session"]), int(r["ordinal"])): i for i, r in enumerate(shows)}
    for act in events.of(Kind.CLICK, Kind.CART, Kind.PURCHASE):
        place = key[int(act["session"]), int(act["impression"])]
        assert shows[place]["step"] == act["step"]
        assert shows[place]["query"] == act["query"]
        assert events.shown[place, act["position"] - 1] == act["item"]


def test_carts_follow_clicks_and_purchases_follow_carts() -> None:
    """Nothing is carted without a click or bought without a cart, and prices are the
    catalogue's.
    """
    events = whole_day()
    clicks, carts, purchases = (
        {tuple(r) for r in events.of(kind)[["session", "step", "item"]].tolist()}
        for kind in (Kind.CLICK, Kind.CART, Kind.PURCHASE)
    )
    assert purchases
    assert purchases < carts < clicks
    paid = events.of(Kind.CART, Kind.PURCHASE)
    assert np.array_equal(paid["price"], WORLD.catalogue.price[paid["item"]])


def test_a_click_lasts_as_long_as_its_dwell() -> None:
    """Whatever follows a click in its session happens after the dwell."""
    rows = whole_day().rows
    here = np.flatnonzero(rows["kind"] == Kind.CLICK)
    assert (rows["at"][here + 1] - rows["at"][here] >= rows["dwell"][here]).all()


@pytest.mark.parametrize(
    "rows", [np.arange(100)[::-1], np.arange(0, 200, 3)], ids=["turned", "every third"]
)
def test_a_session_is_the_same_in_any_company(
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> None:
    """Sessions played in another order, or without the others, have the same events."""
    together = whole_day()
    sessions = day.open_day(WORLD, day.begin(WORLD), 0)
    alone = shop(WORLD, sessions.take(rows), mixed_slates)[1]
    chosen = np.isin(together.rows["session"], sessions.session[rows])
    assert np.array_equal(together.rows[chosen], alone.rows)
    shown = np.isin(together.of(Kind.IMPRESSION)["session"], sessions.session[rows])
    assert np.array_equal(together.shown[shown], alone.shown)


def test_a_shopper_is_the_same_in_a_larger_population() -> None:
    """Of 400 shoppers the first 100 do what they do when they are alone; only session numbers
    differ.
    """
    few = a_world(n_shoppers=100)
    alone = shop(few, day.open_day(few, day.begin(few), 0), mixed_slates)[1].rows
    many = whole_day().rows
    assert np.array_equal(alone, many[many["shopper"] < 100])


def test_the_same_slates_have_the_same_outcome() -> None:
    """A/A: whoever made the slates, three days give the same events, expectations and memory."""
    first = day.begin(WORLD)
    second = day.begin(WORLD)
    for number in range(3):
        one, told, expected, _ = shop(WORLD, day.open_day(WORLD, first, number), mixed_slates)
        two, told_again, expected_again, _ = shop(
            WORLD, day.open_day(WORLD, second, number), mixed_slates
        )
        assert told.rows.tobytes() == told_again.rows.tobytes()
        assert expected == expected_again
        first = day.close_day(WORLD, first, one)
        second = day.close_day(WORLD, second, two)
    assert np.array_equal(first.satisfaction, second.satisfaction)


def test_arms_meet_the_same_shoppers_on_the_first_day() -> None:
    """Two policies start from the same sessions, searches and times."""
    one, two = (
        shop(WORLD, day.open_day(WORLD, day.begin(WORLD), 0), how)[1]
        for how in (best_slates, random_slates)
    )
    first = [events.of(Kind.SEARCH)[events.of(Kind.SEARCH)["step"] == 0] for events in (one, two)]
    assert np.array_equal(*first)


def test_nothing_handed_in_is_changed() -> None:
    """ask, read and close_day leave the sessions and the memory they are given as they were."""
    memory = day.begin(WORLD)
    sessions = day.ask(WORLD, day.open_day(WORLD, memory, 0))[0]
    kept = {f.name: np.copy(getattr(sessions, f.name)) for f in fields(Sessions)}
    satisfaction = memory.satisfaction.copy()
    after = day.read(WORLD, sessions, best_slates(WORLD, sessions))[0]
    day.close_day(WORLD, memory, after)
    assert all(np.array_equal(kept[name], getattr(sessions, name)) for name in kept)
    assert np.array_equal(memory.satisfaction, satisfaction)


def test_good_days_are_remembered() -> None:
    """Best slates leave visitors more satisfied than random ones; purchases are remembered by
    category.
    """
    memory = day.begin(WORLD)
    best, chance = (
        day.close_day(WORLD, memory, shop(WORLD, day.open_day(WORLD, memory, 0), how)[0])
        for how in (best_slates, random_slates)
    )
    assert best.satisfaction.mean() > chance.satisfaction.mean() + 0.05
    assert best.owned.sum() > chance.owned.sum()


def test_a_slate_of_the_wrong_shape_is_refused() -> None:
    """One slate for each session that is alive, of the world's size."""
    sessions = day.ask(WORLD, day.open_day(WORLD, day.begin(WORLD), 0))[0]
    with pytest.raises(ValueError, match="wanted slates of shape"):
        day.read(WORLD, sessions, np.zeros((3, 10), np.int32))


def test_a_day_on_which_nobody_comes_passes_quietly() -> None:
    """No sessions, no events, and the night passes."""
    world = a_world(replace(BUSY, visit_base=-60.0), n_shoppers=20)
    sessions = day.open_day(world, day.begin(world), 0)
    sessions, asked = day.ask(world, sessions)
    sessions, events, outcomes = day.read(world, sessions, np.zeros((0, 10), np.int32))
    assert len(asked) == len(events) == len(outcomes.session) == 0
    assert day.close_day(world, day.begin(world), sessions).owned.sum() == 0


def test_a_category_without_query_images_is_never_wanted() -> None:
    """Nobody comes for what she cannot search with; the world still turns."""
    here = pictures()
    kept = ~(here.is_query & (here.category == 3))
    some = replace(
        here,
        pixels=here.pixels[kept],
        category=here.category[kept],
        is_query=here.is_query[kept],
        image_key=here.image_key[kept],
    )
    world = day.build_world(BUSY, seed=3, pictures=some, n_shoppers=300)
    events = shop(world, day.open_day(world, day.begin(world), 0), best_slates)[1]
    assert not (world.catalogue.category[events.of(Kind.SEARCH)["query"]] == 3).any()


def test_the_world_imports_no_more_than_it_may() -> None:
    """Run in a process of its own, the world loads no pandas, SQL, Redis, web or Keras."""
    code = (
        "import sys, simulator.world.day, simulator.world.unlabelled;print(*[m for m in"
        " ('pandas','sqlalchemy','redis','rq','keras','tensorflow','recommender','workers') if m in"
        " sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
