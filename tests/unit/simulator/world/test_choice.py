"""A slate causes its outcome: by position, utility and mood, and the judge knows each
probability.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from db.events import Kind
from simulator.world import choice, day
from simulator.world.draws import Purpose, bits
from simulator.world.presets import PRESETS
from simulator.world.session import Sessions, World
from tests.unit.simulator.world import BUSY, a_world, best_slates, random_slates, shop

WORLD = a_world(n_shoppers=2000)


def asked(world: World = WORLD, number: int = 0) -> Sessions:
    """The sessions of a day with their first request out."""
    return day.ask(world, day.open_day(world, day.begin(world), number))[0]


def later(world: World = WORLD) -> Sessions:
    """The same, one slate later: some have left, some have clicked."""
    sessions = asked(world)
    sessions, _, _ = day.read(world, sessions, best_slates(world, sessions))
    return day.ask(world, sessions)[0]


def test_the_whole_catalogues_probabilities_are_those_that_reading_uses() -> None:
    """After a first slate, with satiation and opened items, both ways give the same bits."""
    sessions = later()
    slates = random_slates(WORLD, sessions)
    slates[:, 0] = sessions.take(sessions.alive).seen[:, 0]
    everything = day.click_probability(WORLD, sessions)
    _, _, outcomes = day.read(WORLD, sessions, slates)
    expected = WORLD.examination * np.take_along_axis(everything, slates.astype(np.int64), axis=1)
    assert np.array_equal(outcomes.expected, expected)


def test_probabilities_do_not_depend_on_the_piece_they_are_computed_in() -> None:
    """Pieces of any size give the same bits as the whole."""
    sessions = later()
    now = sessions.take(sessions.alive)
    whole = day.click_probability(WORLD, sessions)
    for rows in (slice(0, 1), slice(3, 20), slice(100, 357)):
        assert np.array_equal(day.click_probability(WORLD, now.take(rows)), whole[rows])


def test_clicks_carts_and_purchases_come_as_often_as_expected() -> None:
    """Over thousands of slates what was drawn agrees with its expectation within four standard
    errors.
    """
    drawn = np.zeros(3)
    expected = np.zeros(3)
    variance = np.zeros(3)
    for number in range(6):
        sessions = asked(number=number)
        _, events, told = day.read(WORLD, sessions, random_slates(WORLD, sessions))
        for row, (kind, chances) in enumerate(
            [
                (Kind.CLICK, told.expected),
                (Kind.CART, told.carts),
                (Kind.PURCHASE, told.purchases),
            ]
        ):
            drawn[row] += (events.rows["kind"] == kind).sum()
            expected[row] += chances.sum()
            variance[row] += (chances * (1 - chances)).sum()
    assert (np.abs(drawn - expected) < 4 * np.sqrt(variance)).all()
    assert (expected > 4 * np.sqrt(variance)).all(), "there was something to see"


def test_positions_are_examined_less_and_less() -> None:
    """Each position is looked at as often as its probability says."""
    slates = random_slates(WORLD, asked()).astype(np.int64)
    seen = choice.react(WORLD, asked(), slates).examined.mean(0)
    assert np.abs(seen - WORLD.examination).max() < 0.04
    assert (np.diff(WORLD.examination) < 0).all()


def test_an_items_mood_does_not_depend_on_its_position() -> None:
    """A slate turned round: what is examined in both places is clicked in both or in neither."""
    slates = random_slates(WORLD, asked()).astype(np.int64)
    straight, turned = (choice.react(WORLD, asked(), order) for order in (slates, slates[:, ::-1]))
    both = straight.examined & turned.examined[:, ::-1]
    assert both.sum() > 1000
    assert np.array_equal(straight.clicked[both], turned.clicked[:, ::-1][both])
    assert np.array_equal(straight.dwell[both], turned.dwell[:, ::-1][both])
    assert np.array_equal(straight.carted[both], turned.carted[:, ::-1][both])
    assert np.array_equal(straight.bought[both], turned.bought[:, ::-1][both])
    assert np.array_equal(straight.probability, turned.probability[:, ::-1])


def test_an_items_mood_does_not_depend_on_its_neighbours() -> None:
    """Two slates that share one item in one place: it is clicked in both or in neither."""
    one = random_slates(WORLD, asked()).astype(np.int64)
    two = (one + 1) % WORLD.catalogue.n_items
    two[:, 4] = one[:, 4]
    first, second = (choice.react(WORLD, asked(), slates) for slates in (one, two))
    assert np.array_equal(first.clicked[:, 4], second.clicked[:, 4])
    assert not np.array_equal(first.clicked, second.clicked)


def test_padding_is_never_clicked_and_expects_nothing() -> None:
    """-1 in a slate is an empty place; the items beside it keep their outcome."""
    sessions = asked()
    full = random_slates(WORLD, sessions)
    short = full.copy()
    short[:, 6:] = -1
    _, events, outcomes = day.read(WORLD, sessions, short)
    clicks = events.rows[events.rows["kind"] == 4]
    assert (outcomes.expected[:, 6:] == 0).all()
    assert (outcomes.carts[:, 6:] == 0).all()
    assert (outcomes.purchases[:, 6:] == 0).all()
    assert len(clicks) > 0
    assert (clicks["position"] <= 6).all()
    _, events_of_full, _ = day.read(WORLD, sessions, full)
    of_full = events_of_full.rows[
        (events_of_full.rows["kind"] == 4) & (events_of_full.rows["position"] <= 6)
    ]
    assert np.array_equal(clicks["item"], of_full["item"])


def test_the_oracle_beats_chance() -> None:
    """The judge's own ranking gets several times the clicks of random slates: the list shown
    matters.
    """
    best, any_ = (
        shop(WORLD, day.open_day(WORLD, day.begin(WORLD), 0), how)
        for how in (best_slates, random_slates)
    )
    assert best[2] / best[3] > 4 * any_[2] / any_[3]


def test_seen_and_clicked_items_are_clicked_less_when_shown_again() -> None:
    """Repetition costs: never seen, then seen, then clicked."""
    config = replace(BUSY, fatigue_seen=0.0, fatigue_clicked=0.0, open_base=-50.0, cross_sell=0.0)
    sessions = later(a_world(config, n_shoppers=2000))
    now = sessions.take(sessions.alive)
    here = choice.appeal(a_world(config, n_shoppers=2000), now, now.seen[:, :10])
    fresh = choice.appeal(
        a_world(config, n_shoppers=2000),
        replace(now, seen=np.full_like(now.seen, -1)),
        now.seen[:, :10],
    )
    cost = np.where(
        now.clicked[:, :10], config.repeat_cost + config.clicked_cost, config.repeat_cost
    )
    assert now.clicked.any()
    assert np.allclose(fresh - here, cost)


def test_what_is_like_the_query_is_clicked_more() -> None:
    """Of the items of her category those nearer to her query image, in all styles, are likelier."""
    sessions = asked()
    c = WORLD.catalogue
    chance = day.click_probability(WORLD, sessions)
    distance = ((c.style[: c.n_items] - sessions.anchor[:, None]) ** 2).sum(2)
    same = c.category[: c.n_items] == sessions.category[:, None]
    near = same & (distance < np.median(distance[same]))
    assert chance[near].mean() > 1.3 * chance[same & ~near].mean()
    assert chance[same].mean() > 3 * chance[~same].mean()


@pytest.mark.parametrize(("name", "visible_wins"), [("visual", True), ("social", False)])
def test_hidden_share_says_which_style_decides(name: str, *, visible_wins: bool) -> None:
    """Taste follows the visible style near 0 and the hidden style near 1."""
    world = a_world(PRESETS[name], n_shoppers=300)
    c = world.catalogue
    taste = world.population.own_taste
    visible = (taste[:, : c.visible_dims] @ c.style[:, : c.visible_dims].T).var()
    hidden = (taste[:, c.visible_dims :] @ c.style[:, c.visible_dims :].T).var()
    assert (visible > 4 * hidden) == visible_wins
    assert (hidden > 4 * visible) != visible_wins


def test_dear_items_are_bought_less() -> None:
    """At the till price counts: carts of cheap items become purchases more often."""
    world = a_world(replace(BUSY, purchase_price=6.0), n_shoppers=2000)
    _, events, _, _ = shop(world, day.open_day(world, day.begin(world), 0), best_slates)
    rows = events.rows
    z = world.catalogue.features[:, -1]
    carted, bought = (z[rows["item"][rows["kind"] == kind]] for kind in (5, 6))
    assert len(bought) > 100
    assert bought.mean() < carted.mean() - 0.1


def test_interesting_items_hold_the_eye_longer() -> None:
    """The median dwell rises with appeal, and dwell stays between one second and ten minutes; what
    was not clicked has none.
    """
    reaction = choice.react(WORLD, asked(), random_slates(WORLD, asked()).astype(np.int64))
    dwell = reaction.dwell[reaction.clicked]
    liking = reaction.appeal[reaction.clicked]
    liked = liking > np.median(liking)
    assert np.median(dwell[liked]) > np.median(dwell[~liked])
    assert dwell.min() >= 1_000
    assert dwell.max() <= 600_000
    assert not reaction.dwell[~reaction.clicked].any()


def test_equal_pictures_share_their_mood() -> None:
    """Draws know an item by its image, so renumbering the catalogue changes nothing."""
    key = WORLD.catalogue.key
    assert bits(1, Purpose.CLICK, 5, 0, 0, key[3]) == bits(1, Purpose.CLICK, 5, 0, 0, key[3:4])[0]


def test_who_stops_after_a_click_is_expected_to() -> None:
    """In a world where a click may end the reading, the judge's chances are those of the draws,
    position by position, and what stands below is read less.
    """
    world = a_world(replace(BUSY, stop_after_click=0.6), n_shoppers=3000)
    sessions = asked(world)
    slates = best_slates(world, sessions)
    reaction = choice.react(world, sessions.take(sessions.alive), slates.astype(np.int64))
    expected = choice.clicks_expected(world, reaction.probability)
    variance = (expected * (1 - expected)).sum(axis=0)
    drawn = reaction.clicked.sum(axis=0)
    assert (np.abs(drawn - expected.sum(axis=0)) < 4 * np.sqrt(variance)).all()
    patient = world.examination * reaction.probability
    assert np.array_equal(expected[:, 0], patient[:, 0])
    assert (expected[:, 1:] < patient[:, 1:]).all()


def test_nobody_reads_on_who_stopped() -> None:
    """With stop_after_click 1 a slate has one click at most, and nothing below it is examined."""
    world = a_world(replace(BUSY, stop_after_click=1.0), n_shoppers=500)
    sessions = asked(world)
    slates = best_slates(world, sessions).astype(np.int64)
    reaction = choice.react(world, sessions.take(sessions.alive), slates)
    assert reaction.n_clicked.max() == 1
    below = np.cumsum(reaction.clicked, axis=1) - reaction.clicked > 0
    assert not (reaction.examined & below).any()


def test_a_visit_has_a_mood_to_buy() -> None:
    """It moves carts and purchases of a visit together, and clicks not at all."""
    world = a_world(replace(BUSY, buying_mood=3.0), n_shoppers=3000)
    sessions = asked(world)
    slates = random_slates(world, sessions).astype(np.int64)
    moody = choice.react(world, sessions, slates)
    usual = choice.react(replace(world, config=BUSY), sessions, slates)
    assert np.array_equal(moody.clicked, usual.clicked)
    several = moody.n_clicked > 1
    together = (moody.n_carted == moody.n_clicked) | (moody.n_carted == 0)
    assert (
        together[several].mean()
        > 1.3 * ((usual.n_carted == usual.n_clicked) | (usual.n_carted == 0))[several].mean()
    )
