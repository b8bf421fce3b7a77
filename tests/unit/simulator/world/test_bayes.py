"""The ceilings: a session's sees no shopper, learns from what it did, and is calibrated before
that.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.world import day
from simulator.world.bayes import HistoryBayes, SessionBayes
from simulator.world.session import Sessions, World
from tests.unit.simulator.world import a_world, random_slates

WORLD = a_world(n_shoppers=1500)


def asked(world: World = WORLD) -> Sessions:
    """The sessions of the first day with their first request out."""
    return day.ask(world, day.open_day(world, day.begin(world), 0))[0]


def opened(sessions: Sessions) -> SessionBayes:
    """A belief about a day that begins."""
    belief = SessionBayes(WORLD)
    belief.open_day(sessions)
    return belief


def after_one_slate() -> tuple[SessionBayes, Sessions]:
    """A belief that has seen a first slate, and those who ask for a second."""
    sessions = asked()
    belief = opened(sessions)
    slates = random_slates(WORLD, sessions)
    later, _, _ = day.read(WORLD, sessions, slates)
    belief.observe(sessions, slates.astype(np.int64), later.clicked[:, : WORLD.slate_size])
    later, _ = day.ask(WORLD, later)
    return belief, later.take(later.alive)


def test_nothing_of_the_shopper_is_seen_before_she_acts() -> None:
    """Another taste and another purse give the same bits."""
    sessions = asked()
    other = replace(
        WORLD,
        population=replace(
            WORLD.population, price_sensitivity=3 * WORLD.population.price_sensitivity + 1
        ),
    )
    stranger = SessionBayes(other)
    stranger.open_day(sessions)
    changed = replace(sessions, taste=sessions.taste[::-1] + 1.0)
    found = stranger.probability(changed)
    assert np.allclose(found, opened(sessions).probability(sessions), atol=1e-12)


def test_the_first_belief_is_right_on_average() -> None:
    """Over shoppers and items the chance expected is the judge's mean chance, within a tenth."""
    sessions = asked()
    believed = opened(sessions).probability(sessions)
    true = day.click_probability(WORLD, sessions)
    assert 0.9 < believed.mean() / true.mean() < 1.1
    # And where it expects more there is more: ten bins of what is believed.
    bins = np.digitize(believed, np.quantile(believed, np.linspace(0, 1, 11)[1:-1]))
    rates = np.array([true[bins == number].mean() for number in range(10)])
    assert (np.diff(rates) > 0).all()


def test_what_a_session_did_makes_the_next_slate_better() -> None:
    """The ten items believed best after a slate are worth more to the judge than those of no
    memory.
    """
    belief, later = after_one_slate()
    truth = day.click_probability(WORLD, later)

    def worth(scores: np.ndarray) -> float:
        best = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        return float(np.take_along_axis(truth, best, axis=1).mean())

    forgetful = opened(asked()).probability(later)
    assert worth(belief.probability(later)) > 1.01 * worth(forgetful)
    assert worth(forgetful) > truth.mean()
    assert worth(belief.probability(later)) < worth(truth)


def test_a_session_is_judged_alike_in_any_company() -> None:
    """Pieces of any size give the same bits as the whole."""
    belief, later = after_one_slate()
    whole = belief.probability(later)
    for rows in (slice(0, 1), slice(3, 20), slice(100, 357)):
        assert np.array_equal(belief.probability(later.take(rows)), whole[rows])


def days_later(belief: SessionBayes, n_days: int) -> tuple[SessionBayes, Sessions]:
    """A belief that has seen the first slates of some days, and the requests of the next one."""
    memory = day.begin(WORLD)
    for number in range(n_days):
        opened_now = day.open_day(WORLD, memory, number)
        belief.open_day(opened_now)
        asking = day.ask(WORLD, opened_now)[0]
        slates = random_slates(WORLD, asking)
        later, _, _ = day.read(WORLD, asking, slates)
        belief.observe(asking, slates.astype(np.int64), later.clicked[:, : WORLD.slate_size])
        memory = day.close_day(WORLD, memory, later)
    last = day.open_day(WORLD, memory, n_days)
    belief.open_day(last)
    return belief, day.ask(WORLD, last)[0]


def test_on_the_first_day_history_knows_no_more_than_the_session() -> None:
    """The same bits, before and after a slate."""
    forgetful, later = after_one_slate()
    sessions = asked()
    belief = HistoryBayes(WORLD)
    belief.open_day(sessions)
    assert np.array_equal(belief.probability(sessions), opened(sessions).probability(sessions))
    slates = random_slates(WORLD, sessions)
    belief.observe(
        sessions,
        slates.astype(np.int64),
        day.read(WORLD, sessions, slates)[0].clicked[:, : WORLD.slate_size],
    )
    assert np.array_equal(belief.probability(later), forgetful.probability(later))


def test_earlier_sessions_make_the_next_ones_first_slate_better() -> None:
    """Three days of one slate each: its best ten are worth more to the judge than those of no
    memory.
    """
    knowing, sessions = days_later(HistoryBayes(WORLD), 3)
    forgetful, same = days_later(SessionBayes(WORLD), 3)
    truth = day.click_probability(WORLD, sessions)

    def worth(belief: SessionBayes) -> float:
        best = np.argsort(-belief.probability(same), axis=1, kind="stable")[:, :10]
        return float(np.take_along_axis(truth, best, axis=1).mean())

    assert worth(knowing) > 1.02 * worth(forgetful)


def test_nights_bring_the_belief_back_to_the_population() -> None:
    """After a thousand of them nothing is left of a taste, and all of what is known of a purse."""
    belief, _ = days_later(HistoryBayes(WORLD), 1)
    assert isinstance(belief, HistoryBayes)
    before = belief._means.copy()
    for _ in range(1000):
        belief._drift()
    assert np.allclose(belief._means[:, :-2], belief._mean0[:-2], atol=1e-6)
    assert np.array_equal(belief._means[:, -2:], before[:, -2:])
    assert np.allclose(belief._spreads[:, :-2, :-2], belief._spread0[:-2, :-2], atol=1e-6)
