"""The session-only ceiling sees no shopper, learns from what a session did, and is calibrated before that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.world import day
from simulator.world.bayes import SessionBayes
from simulator.world.session import Sessions, World
from tests.unit.world import a_world, random_slates

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
    belief, slates = opened(sessions), random_slates(WORLD, sessions)
    later, _, _ = day.read(WORLD, sessions, slates)
    belief.observe(sessions, slates.astype(np.int64), later.clicked[:, : WORLD.slate_size])
    later, _ = day.ask(WORLD, later)
    return belief, later.take(later.alive)


def test_nothing_of_the_shopper_is_seen_before_she_acts() -> None:
    """Another taste and another purse give the same bits."""
    sessions = asked()
    other = replace(
        WORLD,
        population=replace(WORLD.population, price_sensitivity=3 * WORLD.population.price_sensitivity + 1),
    )
    stranger = SessionBayes(other)
    stranger.open_day(sessions)
    changed = replace(sessions, taste=sessions.taste[::-1] + 1.0)
    found = stranger.probability(changed)
    assert np.allclose(found, opened(sessions).probability(sessions), atol=1e-12)


def test_the_first_belief_is_right_on_average() -> None:
    """Over shoppers and items the chance expected is the judge's mean chance, within a tenth."""
    sessions = asked()
    believed, true = opened(sessions).probability(sessions), day.click_probability(WORLD, sessions)
    assert 0.9 < believed.mean() / true.mean() < 1.1
    # And where it expects more there is more: ten bins of what is believed.
    bins = np.digitize(believed, np.quantile(believed, np.linspace(0, 1, 11)[1:-1]))
    rates = np.array([true[bins == number].mean() for number in range(10)])
    assert (np.diff(rates) > 0).all()


def test_what_a_session_did_makes_the_next_slate_better() -> None:
    """The ten items believed best after a slate are worth more to the judge than those of no memory."""
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
