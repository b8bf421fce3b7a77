"""Writes what happened as events: who did what, in which order, at which time."""

from __future__ import annotations

import numpy as np

from db.events import Events, Kind, blank
from simulator.world.choice import Reaction
from simulator.world.draws import Bools, Floats, Ints, Purpose, uniform
from simulator.world.session import Sessions, World

_PER_POSITION = (Kind.CLICK, Kind.CART, Kind.PURCHASE)


def request(world: World, sessions: Sessions) -> Events:
    """One SEARCH or VIEW for each session."""
    rows = blank(len(sessions.shopper))
    rows["session"] = sessions.session
    rows["shopper"] = sessions.shopper
    rows["step"] = sessions.step
    rows["ordinal"] = sessions.ordinal
    rows["at"] = sessions.clock
    rows["query"] = sessions.query
    rows["kind"] = np.where(sessions.opened, Kind.VIEW, Kind.SEARCH)
    return Events(rows, np.zeros((0, world.slate_size), np.int32))


def slate_read(
    world: World,
    sessions: Sessions,
    slates: Ints,
    reaction: Reaction,
    *,
    leaving: Bools,
    thinking: Ints,
) -> tuple[Events, Ints, Ints]:
    """The events of one slate each, and every session's next ordinal and clock.

    Each session has a fixed row of things that may happen: the impression, then click, cart and
    purchase by position, then leaving. Time passes along the row; those that do happen are cut out
    in order.
    """
    n, k = slates.shape
    happens = np.ones((n, 3 * k + 2), np.bool_)
    happens[:, 1:-1] = np.stack(
        [reaction.clicked, reaction.carted, reaction.bought], axis=2
    ).reshape(n, 3 * k)
    happens[:, -1] = leaving
    at = sessions.clock[:, None] + np.cumsum(_elapsed(world, sessions, reaction, thinking), axis=1)
    ordinal = sessions.ordinal[:, None] + np.cumsum(happens, axis=1) - 1

    session, column = np.nonzero(happens)
    kind = np.array([Kind.IMPRESSION, *(_PER_POSITION * k), Kind.LEAVE])[column]
    position = (column - 1) // 3
    rows = blank(len(session))
    rows["session"] = sessions.session[session]
    rows["shopper"] = sessions.shopper[session]
    rows["step"] = sessions.step
    rows["kind"] = kind
    rows["ordinal"] = ordinal[session, column]
    rows["at"] = at[session, column]
    rows["query"] = np.where(kind == Kind.LEAVE, -1, sessions.query[session])

    acts = (column > 0) & (column < happens.shape[1] - 1)
    where = session[acts], position[acts]
    item = slates[where]
    rows["item"][acts] = item
    rows["position"][acts] = position[acts] + 1
    rows["impression"][acts] = sessions.ordinal[session[acts]]
    is_click = kind[acts] == Kind.CLICK
    rows["dwell"][acts] = np.where(is_click, reaction.dwell[where], -1)
    rows["price"][acts] = np.where(is_click, -1, world.catalogue.price[item])
    return Events(rows, slates.astype(np.int32)), ordinal[:, -1] + 1, at[:, -1]


def _elapsed(world: World, sessions: Sessions, reaction: Reaction, thinking: Ints) -> Ints:
    """Milliseconds [n, 3k + 2] before each thing that may happen; at least one before each that
    does.
    """
    config = world.config
    (n, k) = reaction.clicked.shape
    pace: Floats = 0.5 + uniform(
        world.seed,
        Purpose.GLANCE,
        sessions.shopper[:, None],
        sessions.day,
        sessions.step,
        np.arange(k),
    )
    glance = 1 + np.rint(config.glance_ms * pace).astype(np.int64)
    elapsed = np.empty((n, 3 * k + 2), np.int64)
    elapsed[:, 0] = 1 + config.latency_ms
    elapsed[:, 1:-1:3] = np.where(reaction.examined, glance, 0)
    elapsed[:, 2:-1:3] = np.where(reaction.clicked, reaction.dwell, 0)
    elapsed[:, 3:-1:3] = np.where(reaction.bought, 1 + config.checkout_ms, 0)
    elapsed[:, -1] = thinking
    return elapsed
