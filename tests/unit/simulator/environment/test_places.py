"""Visits at places are those of a run, whoever else is in the shop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from db.events import Kind
from simulator.environment.places import Places
from tests.unit.simulator.environment import a_setting, days_of_a_run, lots

DAYS = 5


def a_shop(n: int, **changes: Any) -> Places:
    """Places of the small setting, all taken."""
    setting = a_setting(**changes)
    places = Places(setting.world(3), n, setting.vectors)
    places.let_in(np.arange(n))
    return places


def slates_of(places: Places) -> Any:
    """What `by_lot` shows at every place."""
    return lots(places.world, places.session, places.step, places.seen, places.query)


def played(n: int, days: int) -> Any:
    """All events of some days, by session and ordinal, from n places at once."""
    setting = a_setting()
    places = Places(setting.world(3), n, setting.vectors)
    told = list(places.let_in(np.arange(n)))
    while not (places.session >= (days + 2) * setting.shoppers).all():
        heard = places.read(slates_of(places))
        assert not heard.filled.any()
        told += list(heard.events)
        told += list(places.let_in(np.flatnonzero(heard.is_over)))
    rows = np.concatenate(told)
    rows = rows[rows["session"] < days * setting.shoppers]
    return rows[np.lexsort((rows["ordinal"], rows["session"]))]


@pytest.mark.parametrize("n", [1, 7, 55])
def test_visits_are_those_of_a_run_however_many_there_are_at_once(n: int) -> None:
    """The same slates draw the same events as in a run, of every shopper on every day, even where
    nearly all are inside at once and days overlap.
    """
    run = np.concatenate(days_of_a_run(a_setting().world(3), DAYS))
    rows = played(n, DAYS)
    assert rows.tobytes() == run.tobytes()


def test_what_was_seen_and_done_is_what_the_events_say() -> None:
    """`seen` and `acted` of a place follow the impressions, clicks, carts and purchases."""
    places = a_shop(20)
    first = slates_of(places)
    heard = places.read(first)
    assert (places.seen[:, :10] == first).all()
    assert (places.seen[:, 10:] == -1).all()
    for place in range(20):
        rows = heard.events[place]
        acted = np.zeros(10, np.int8)
        for act, kind in enumerate((Kind.CLICK, Kind.CART, Kind.PURCHASE), start=1):
            of_kind = rows[rows["kind"] == kind]
            assert heard.counts[place, act - 1] == len(of_kind)
            acted[of_kind["position"] - 1] = act
        assert (places.acted[place, :10] == acted).all()
        paid = rows["price"][rows["kind"] == Kind.PURCHASE].sum() / 100
        assert heard.revenue[place] == pytest.approx(paid)
    assert heard.counts.sum(axis=0).min() > 0


def test_the_profile_is_the_mean_of_what_she_asked_with_and_clicked() -> None:
    """Before a click it is the query's vector; afterwards the clicked items count as much."""
    places = a_shop(20)
    before = places.query.copy()
    everybody = np.arange(20)
    assert places.profile(everybody) == pytest.approx(places.picture(everybody))
    heard = places.read(slates_of(places))
    vectors = a_setting().vectors
    for place in np.flatnonzero(~heard.is_over):
        clicks = heard.events[place]
        items = clicks["item"][clicks["kind"] == Kind.CLICK]
        spoken = np.concatenate([[before[place]], items, [places.query[place]]])
        assert places.profile(everybody)[place] == pytest.approx(
            vectors[spoken].mean(axis=0), abs=1e-5
        )
    gone = np.flatnonzero(heard.is_over)
    places.let_in(gone)  # nothing of the last visit is left
    assert places.profile(gone) == pytest.approx(places.picture(gone))


def bad_slates(places: Places) -> Any:
    """One slate for each way to be wrong: unknown, below none, twice, the query, seen before."""
    slates = slates_of(places)
    opened = int(np.flatnonzero(places.query < places.world.catalogue.n_items)[0])
    others = [place for place in range(len(places)) if place != opened and places.step[place] > 0]
    slates[others[0], 4] = places.world.catalogue.n_items
    slates[others[1], 4] = -7
    slates[others[2], 4] = slates[others[2], 2]
    slates[others[3], 4] = places.seen[others[3], 0]
    slates[opened, 4] = places.query[opened]
    return slates, [*others[:4], opened]


def second_requests() -> Places:
    """A shop where many ask once more."""
    places = a_shop(50, shoppers=200)
    heard = places.read(slates_of(places))
    places.let_in(np.flatnonzero(heard.is_over))
    return places


def test_a_bad_position_is_filled_and_counted_and_the_good_ones_stay() -> None:
    """Whatever is wrong with an item, nine good ones are shown, then one by lot, all different."""
    places = second_requests()
    slates, wrong = bad_slates(places)
    step = places.step.copy()
    before = places.seen.copy()
    query = places.query.copy()
    heard = places.read(slates)
    assert set(np.flatnonzero(heard.filled)) == set(wrong)
    for place in wrong:
        shown = places.seen[place, step[place] * 10 : step[place] * 10 + 10]
        assert heard.filled[place] == 1
        assert (shown[:9] == np.delete(slates[place], 4)).all()
        assert len(set(shown)) == 10
        assert query[place] not in shown
        assert not set(shown) & set(before[place, : step[place] * 10])


def test_an_empty_place_does_nothing() -> None:
    """Where nobody is, a slate is not read: no events, no reward, no end."""
    places = a_shop(20)
    heard = places.read(slates_of(places))
    gone = np.flatnonzero(heard.is_over)
    assert len(gone) > 0
    heard = places.read(slates_of(places))
    assert all(heard.events[place] is None for place in gone)
    assert not heard.counts[gone].any()
    assert not heard.is_over[gone].any()


def test_a_visit_that_is_cut_short_makes_room() -> None:
    """The others go on, and the place takes the next visit."""
    places = a_shop(20)
    session = places.session.copy()
    places.cut_short(np.array([3, 4]))
    heard = places.read(slates_of(places))
    assert heard.events[3] is None
    assert heard.events[5] is not None
    places.let_in(np.array([3]))
    assert places.session[3] not in session
