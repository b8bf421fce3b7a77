"""How a slate is read: what is examined, clicked, carted and purchased, and how probable each of it
was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from simulator.world.catalogue import on_grain
from simulator.world.draws import Bools, Floats, Ints, Purpose, normal, uniform
from simulator.world.session import Sessions, World, product

_GRAIN = 2.0**20
_DWELL_LIMITS_MS = (1_000, 600_000)


@dataclass(frozen=True)
class Reaction:
    """What came of one slate each; [n, k] by session and position."""

    probability: Floats  # P(click | examined), 0 where nothing was shown
    examined: Bools
    clicked: Bools  # all False is the explicit no-click
    carted: Bools
    bought: Bools
    dwell: Ints  # ms, of what was clicked; 0 elsewhere
    appeal: Floats  # utility without the base: 0 is an average item of the wanted category
    cart: Floats  # P(cart | clicked)
    purchase: Floats  # P(purchase | carted)
    n_clicked: Ints  # [n], of the slate
    n_carted: Ints
    n_bought: Ints


def examination(first: float, falloff: float, slate_size: int) -> Floats:
    """float64 [slate_size]: the probability that a position is looked at, each independently."""
    return np.asarray(first * falloff ** np.arange(slate_size), np.float64)


def wish(world: World, sessions: Sessions) -> tuple[Floats, Floats]:
    """What sessions want of the features, float64 [n, dims + 2], multiples of 2^-20, and their
    constants [n].

    Likeness to what she looks for is -|anchor - style|^2 / 2, which is linear in the style and its
    squared length; centred and divided by sqrt(2) it has variance one over pairs of items, like
    taste.

    With the features' multiples of 2^-16 every product and sum fits into float64: the judge's
    utilities have the same bits for one slate as for the whole catalogue, in any batch and with any
    BLAS.
    """
    config = world.config
    s = sessions
    pull = config.query_pull / np.sqrt(2.0)
    style = pull * s.anchor + config.taste_pull * s.taste - s.fatigue
    length = np.full(len(s.shopper), -pull)
    price = -world.population.price_sensitivity[s.shopper]
    constant = -pull * (np.square(on_grain(s.anchor)).sum(1) / 2 - world.catalogue.half_square)
    return np.rint(np.column_stack([style, length, price]) * _GRAIN) / _GRAIN, constant


def appeal(world: World, sessions: Sessions, items: Ints) -> Floats:
    """float64 [n, k]: style, price, category and weariness of the items shown; -1 is read as item
    0.
    """
    s = sessions
    c = world.catalogue
    items = np.maximum(items, 0)
    wanted, constant = wish(world, s)
    liked = product(wanted, c.features, items) + constant[:, None]
    liked -= c.cost[s.category[:, None], c.category[items]]
    known = np.zeros(items.shape, np.bool_)
    for place in range(s.step * world.slate_size):  # what comes behind is padding
        known |= items == s.seen[:, place, None]
    cost = world.config.repeat_cost * known
    row, clicked = np.nonzero(s.clicked)
    again, column = np.nonzero(items[row] == s.seen[row, clicked][:, None])
    cost[row[again], column] = world.config.repeat_cost + world.config.clicked_cost
    return np.asarray(liked - cost)


def whole_catalogue_appeal(world: World, sessions: Sessions) -> Floats:
    """float64 [n, n_items]: the same numbers, bit for bit, for every catalogue item."""
    s = sessions
    c = world.catalogue
    wanted, constant = wish(world, s)
    liked = np.asarray(wanted @ c.features[: c.n_items].T + constant[:, None])
    liked -= c.cost[:, c.category[: c.n_items]][s.category]
    costs = (
        (s.seen >= 0, world.config.repeat_cost),
        (s.clicked, world.config.repeat_cost + world.config.clicked_cost),
    )
    cells = [(*_cells(s, which), cost) for which, cost in costs]
    wearied = [liked[row, item] - cost for row, item, cost in cells]
    for (row, item, _), value in zip(cells, wearied, strict=True):
        liked[row, item] = value
    return liked


def react(world: World, sessions: Sessions, slates: Ints) -> Reaction:
    """How each session reacts to its slate. An item's draws know neither position nor policy."""
    config = world.config
    s = sessions
    here = (s.shopper[:, None], s.day, s.step)
    item = world.catalogue.key[np.maximum(slates, 0)]
    is_shown = slates >= 0
    liking = appeal(world, s, slates)

    position = np.arange(slates.shape[1])
    examined = is_shown & (
        uniform(world.seed, Purpose.EXAMINE, *here, position) < world.examination
    )
    probability = np.where(is_shown, expit(config.click_base + liking), 0.0)
    clicked = examined & (uniform(world.seed, Purpose.CLICK, *here, item) < probability)
    if config.stop_after_click:
        reads_on = ~_stopped_before(world, s, item, clicked)
        examined, clicked = examined & reads_on, clicked & reads_on

    mood = _buying_mood(world, s)
    worth = expit(config.cart_base + config.cart_slope * liking + mood)
    price = (
        world.population.price_sensitivity[s.shopper][:, None]
        * world.catalogue.features[slates, -1]
    )
    resolve = config.purchase_base + config.purchase_slope * liking - config.purchase_price * price
    resolved = expit(resolve + mood)

    # Only what was clicked can be put into a cart, bought, or looked at for a while.
    row, column = np.nonzero(clicked)
    there = (s.shopper[row], s.day, s.step, item[row, column])
    is_carted = uniform(world.seed, Purpose.CART, *there) < worth[row, column]
    is_bought = uniform(world.seed, Purpose.PURCHASE, *there) < resolved[row, column]
    carted = np.zeros(slates.shape, np.bool_)
    carted[row, column] = is_carted
    bought = np.zeros(slates.shape, np.bool_)
    bought[row, column] = is_carted & is_bought
    lingering = config.dwell_spread * normal(world.seed, Purpose.DWELL, *there)
    length = config.dwell_ms * np.exp(config.dwell_slope * liking[row, column] + lingering)
    dwell = np.zeros(slates.shape, np.int64)
    dwell[row, column] = np.clip(np.rint(length), *_DWELL_LIMITS_MS).astype(np.int64)
    n = len(slates)
    return Reaction(
        probability,
        examined,
        clicked,
        carted,
        bought,
        dwell,
        liking,
        cart=worth,
        purchase=resolved,
        n_clicked=np.bincount(row, minlength=n),
        n_carted=np.bincount(row[is_carted], minlength=n),
        n_bought=np.bincount(row[is_carted & is_bought], minlength=n),
    )


def clicks_expected(world: World, probability: Floats) -> Floats:
    """P(examined and clicked) by position, float64 [n, k], of P(click | examined).

    Where she may stop after a click, a position is read only if she did not stop above it.
    """
    clicks = world.examination * probability
    if not world.config.stop_after_click:
        return np.asarray(clicks)
    goes_on = np.cumprod(1 - world.config.stop_after_click * clicks[:, :-1], axis=1)
    clicks[:, 1:] *= goes_on
    return np.asarray(clicks)


def _stopped_before(world: World, sessions: Sessions, item: Any, clicked: Bools) -> Bools:
    """Whether she had stopped reading above each position, bool [n, k]."""
    here = (sessions.shopper[:, None], sessions.day, sessions.step)
    dice = uniform(world.seed, Purpose.STOP, *here, item) < world.config.stop_after_click
    stops = np.cumsum(clicked & dice, axis=1)
    above = np.zeros(clicked.shape, np.bool_)
    above[:, 1:] = stops[:, :-1] > 0
    return above


def _buying_mood(world: World, sessions: Sessions) -> Floats | float:
    """What this visit adds to the log-odds of a cart and of a purchase, [n, 1]."""
    spread = world.config.buying_mood
    if not spread:
        return 0.0
    drawn = normal(world.seed, Purpose.MOOD, sessions.shopper, sessions.day)
    return np.asarray(spread * drawn[:, None])


def _cells(sessions: Sessions, which: Bools) -> tuple[Ints, Ints]:
    """Row and item number of some of the items seen so far."""
    row, place = np.nonzero(which)
    return row, sessions.seen[row, place]
