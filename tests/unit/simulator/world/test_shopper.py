"""Shoppers differ, drift each her own way, and come back when they were pleased."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.world import day
from simulator.world.shopper import (
    DAY_MS,
    HOUR_MS,
    arrival,
    first_day,
    gone_after,
    next_morning,
    visitors,
    wanted_category,
)
from tests.unit.simulator.world import a_world

WORLD = a_world(n_shoppers=3000)
CONFIG = WORLD.config
SEED = WORLD.seed
POPULATION = WORLD.population


def test_a_shopper_does_not_depend_on_how_many_there_are() -> None:
    """The first 50 of 3,000 are the same as 50 alone."""
    few = a_world(n_shoppers=50).population
    assert np.array_equal(few.own_taste, POPULATION.own_taste[:50])
    assert np.array_equal(few.demand, POPULATION.demand[:50])
    assert np.array_equal(few.patience, POPULATION.patience[:50])


def test_tastes_have_a_common_and_an_own_part() -> None:
    """The popular part holds its share of the variance of taste over items."""
    style = WORLD.catalogue.style
    popular = style @ POPULATION.popular_taste
    own = style @ POPULATION.own_taste.T
    assert abs(own.var() - (1 - CONFIG.popular_share)) < 0.1
    assert 0.1 * CONFIG.popular_share < popular.var() < 4 * CONFIG.popular_share


def test_each_shopper_drifts_in_a_direction_of_her_own() -> None:
    """Steps of two shoppers, and of one shopper on two days, are uncorrelated; the crowd goes
    nowhere.
    """
    memory = day.begin(WORLD)
    first = next_morning(CONFIG, SEED, POPULATION, memory, 0)
    second = next_morning(CONFIG, SEED, POPULATION, first, 1)
    steps = [
        after.own_taste - CONFIG.taste_memory * before.own_taste
        for before, after in ((memory, first), (first, second))
    ]
    size = np.abs(steps[0]).mean()
    assert size > 0
    assert np.abs(steps[0].mean(0)).max() < 0.1 * size
    assert abs(np.corrcoef(steps[0][0::2].ravel(), steps[0][1::2].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(steps[0].ravel(), steps[1].ravel())[0, 1]) < 0.03


def test_drift_keeps_the_population_as_diverse_as_it_was() -> None:
    """After 50 days the spread of tastes is the first day's, and tastes are other ones."""
    memory = day.begin(WORLD)
    for number in range(50):
        memory = next_morning(CONFIG, SEED, POPULATION, memory, number)
    before = POPULATION.own_taste
    after = memory.own_taste
    assert abs(after.std() / before.std() - 1) < 0.05
    kept = np.corrcoef(before.ravel(), after.ravel())[0, 1]
    assert abs(kept - CONFIG.taste_memory**50) < 0.05


def test_the_pleased_come_back_more_often() -> None:
    """Satisfaction raises visits, and whoever comes when annoyed would also come when pleased."""
    memory = day.begin(WORLD)
    pleased, annoyed = (
        visitors(CONFIG, SEED, POPULATION, replace(memory, satisfaction=np.full(3000, level)), 1)
        for level in (0.8, -0.8)
    )
    assert pleased.mean() > annoyed.mean() + 0.1
    assert not (annoyed & ~pleased).any()


def test_about_two_thirds_come_on_a_day() -> None:
    """The demo's 3,000 shoppers make about 2,000 sessions a day."""
    come = [
        visitors(CONFIG, SEED, POPULATION, day.begin(WORLD), number).mean() for number in range(5)
    ]
    assert 0.6 < np.mean(come) < 0.7


def test_demand_over_categories_is_skewed() -> None:
    """The most wanted category is wanted at least twice as often as the least."""
    wanted = np.bincount(day.open_day(WORLD, day.begin(WORLD), 0).category, minlength=10)
    assert wanted.max() > 2 * wanted.min()
    assert wanted.min() > 0


def test_what_was_bought_is_wanted_less_and_what_goes_with_it_more() -> None:
    """After a dress the weight of dresses falls, that of sandals rises, that of trousers stays."""
    dress = 3
    sandal = 5
    trouser = 1
    memory = day.begin(WORLD)
    owned = memory.owned.copy()
    owned[:, dress] = 1
    everybody = np.arange(3000)
    before, after = (
        wanted_category(CONFIG, POPULATION, one, WORLD.catalogue, everybody)
        for one in (memory, replace(memory, owned=owned))
    )
    moved = (after - before).mean(0)
    assert moved[dress] < 0 < moved[sandal]
    assert moved[trouser] == 0


def test_nobody_comes_at_night_and_most_in_the_evening() -> None:
    """Arrivals follow the daily curve and stay within their day."""
    at = arrival(CONFIG, SEED, np.arange(3000), 2) - 2 * DAY_MS
    assert at.min() >= 6 * HOUR_MS
    assert at.max() < DAY_MS
    hours = np.bincount(at // HOUR_MS, minlength=24)
    assert hours[18:22].sum() > 2 * hours[6:10].sum()


def test_newcomers_come_first_on_their_day() -> None:
    """Never before it; the others come as they would without them."""
    config = replace(CONFIG, newcomer_share=0.6, newcomer_days=10)
    first = first_day(config, SEED, 3000)
    assert abs((first >= 0).mean() - 0.6) < 0.05
    assert set(first[first >= 0].tolist()) == set(range(10))
    memory = day.begin(WORLD)
    for number in (0, 4, 9):
        comes = visitors(config, SEED, POPULATION, memory, number)
        usual = visitors(CONFIG, SEED, POPULATION, memory, number)
        assert comes[first == number].all()
        assert not comes[first > number].any()
        assert np.array_equal(comes[first < number], usual[first < number])


def test_who_is_gone_never_comes_again() -> None:
    """A visit without joy is the last one as often as churn says; a joyful one hardly ever."""
    config = replace(CONFIG, churn=0.3)
    memory = day.begin(WORLD)
    here = day.open_day(WORLD, memory, 0)
    sad = gone_after(config, SEED, memory, here)[here.shopper]
    glad = gone_after(config, SEED, memory, replace(here, joy=here.joy + 3))[here.shopper]
    assert abs(sad.mean() - 0.3) < 0.04
    assert glad.mean() < 0.02
    gone = gone_after(config, SEED, memory, here)
    after = replace(memory, gone=gone)
    assert not (visitors(config, SEED, POPULATION, after, 1) & gone).any()
    assert not gone_after(CONFIG, SEED, memory, here).any()
