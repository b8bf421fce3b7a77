"""A visit: what she came for, what she looks for now, what she has seen, and what she does after a
slate.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy.special import expit

from simulator.world.catalogue import Catalogue
from simulator.world.draws import Bools, Floats, Ints, Purpose, gumbel, normal, uniform
from simulator.world.presets import WorldConfig
from simulator.world.shopper import Memory, Population, arrival, wanted_category

_NEVER = -1e9


@dataclass(frozen=True)
class World:
    """Everything that does not change during a run."""

    config: WorldConfig
    seed: int
    n_shoppers: int
    slate_size: int
    max_slates: int
    catalogue: Catalogue
    population: Population
    examination: Floats  # [slate_size], probability by position


@dataclass(frozen=True)
class Sessions:
    """The visits of one day, in lock-step; a row is a session, in shopper order."""

    day: int
    step: int  # number of the slate that is asked for or read next
    session: Ints  # [n]
    shopper: Ints  # [n]
    alive: Bools  # [n]
    ordinal: Ints  # [n], number of the next event
    clock: Ints  # [n], ms: when the last event ended
    category: Ints  # [n], wanted now
    query: Ints  # [n], item number searched with or opened now
    opened: Bools  # [n], whether the query is an item she opened
    anchor: Floats  # [n, dims], style she looks for
    taste: Floats  # [n, dims], today's, the popular part included
    fatigue: Floats  # [n, dims], style she has had enough of
    asked: Ints  # [n, max_slates], queries so far, -1 padded
    seen: Ints  # [n, max_slates * k], items shown so far, -1 padded
    clicked: Bools  # [n, max_slates * k], which of them she clicked
    joy: Floats  # [n], what the visit gave her so far
    bought: Ints  # [n, n_categories]

    def take(self, rows: Any) -> Sessions:
        """Some of the sessions, by mask or index."""
        if _is_all(rows):
            return self
        where = _numbers(rows)
        return replace(self, **{name: getattr(self, name)[where] for name in _by_row})

    def put(self, rows: Any, some: Sessions) -> Sessions:
        """These sessions with some replaced; day and step become theirs."""
        if _is_all(rows):
            return some
        changed: dict[str, Any] = {}
        where = _numbers(rows)
        for name in _by_row:
            changed[name] = getattr(self, name).copy()
            changed[name][where] = getattr(some, name)
        return replace(some, **changed)

    def turned(self, *moves: tuple[Bools, Sessions]) -> Sessions:
        """These sessions, some of which look for something else now: as the rows of each move
        do.
        """
        changed = {name: getattr(self, name).copy() for name in _SOUGHT}
        for rows, some in moves:
            where = _numbers(rows)
            for name in _SOUGHT:
                changed[name][where] = getattr(some, name)
        return replace(self, **changed)

    @property
    def moment(self) -> tuple[Ints, int, int]:
        """The address of a draw of this session at this step."""
        return self.shopper, self.day, self.step


_SOUGHT = ("category", "query", "opened", "anchor")
"""What a new search or an opened item changes."""

_by_row = tuple(field.name for field in fields(Sessions) if field.name not in ("day", "step"))


def _is_all(rows: Any) -> bool:
    """Whether a mask means every row: then nothing has to be copied, as nobody changes sessions."""
    return isinstance(rows, np.ndarray) and rows.dtype == np.bool_ and bool(rows.all())


def _numbers(rows: Any) -> Any:
    """The rows of a mask as numbers, found once for all columns; anything else as it is."""
    is_mask = isinstance(rows, np.ndarray) and rows.dtype == np.bool_
    return np.flatnonzero(rows) if is_mask else rows


def arrive(world: World, memory: Memory, shopper: Ints, day: int) -> Sessions:
    """Sessions of the shoppers who come today, each with a category in mind, before any search."""
    n = len(shopper)
    dims = world.catalogue.style.shape[1]
    leaning = wanted_category(world.config, world.population, memory, world.catalogue, shopper)
    mood = gumbel(world.seed, Purpose.CATEGORY, shopper[:, None], day, np.arange(leaning.shape[1]))
    shown = world.max_slates * world.slate_size
    return Sessions(
        day=day,
        step=0,
        session=day * np.int64(world.n_shoppers) + shopper,
        shopper=shopper,
        alive=np.ones(n, np.bool_),
        ordinal=np.zeros(n, np.int64),
        clock=arrival(world.config, world.seed, shopper, day),
        category=np.argmax(leaning + mood, axis=1),
        query=np.full(n, -1),
        opened=np.zeros(n, np.bool_),
        anchor=np.zeros((n, dims)),
        taste=world.population.popular_taste + memory.own_taste[shopper],
        fatigue=np.zeros((n, dims)),
        asked=np.full((n, world.max_slates), -1),
        seen=np.full((n, shown), -1),
        clicked=np.zeros((n, shown), np.bool_),
        joy=np.zeros(n),
        bought=np.zeros((n, leaning.shape[1]), np.int64),
    )


def search(world: World, sessions: Sessions) -> Sessions:
    """Each picks a query image of her category: of a random handful one close to her taste, not yet
    used.
    """
    c = world.catalogue
    s = sessions
    slot = np.arange(world.config.handful)
    dice = uniform(world.seed, Purpose.QUERY_HANDFUL, s.shopper[:, None], s.day, s.step, slot)
    place = c.query_start[s.category][:, None] + (dice * c.query_count[s.category][:, None]).astype(
        np.int64
    )
    handful = c.queries[place]
    closeness = product(s.taste - s.fatigue, c.style, handful)
    mood = gumbel(
        world.seed, Purpose.QUERY_CHOICE, s.shopper[:, None], s.day, s.step, c.key[handful]
    )
    used = (handful[:, :, None] == s.asked[:, None, :]).any(2)
    best = np.argmax(
        world.config.query_closeness * closeness + mood + np.where(used, _NEVER, 0.0), axis=1
    )
    query = handful[np.arange(len(best)), best]
    return replace(s, query=query, opened=np.zeros(len(query), np.bool_), anchor=c.style[query])


def open_item(world: World, sessions: Sessions, item: Ints) -> Sessions:
    """Each opens an item she clicked: it becomes the query, and draws what she looks for towards
    itself.
    """
    pull = world.config.open_pull
    anchor = (1 - pull) * sessions.anchor + pull * world.catalogue.style[item]
    opened = np.ones(len(item), np.bool_)
    category = world.catalogue.category[item]
    return replace(sessions, query=item, opened=opened, anchor=anchor, category=category)


def next_search(world: World, sessions: Sessions, had: Bools) -> Ints:
    """The category she searches in next: after a cart or a purchase perhaps one that goes with it.

    An item she opened may belong to a category without query images, which cannot be searched in.
    Then she searches where her demand leads her among those that can.
    """
    s = sessions
    c = world.catalogue
    tempted = uniform(world.seed, Purpose.CROSS_SELL, *s.moment, 0) < world.config.cross_sell
    is_stuck = c.query_count[s.category] == 0
    who = np.flatnonzero(is_stuck | (had & tempted))  # the others stay where they are
    partners = c.complements[s.category[who]] & (c.query_count > 0)
    each = 1 + np.arange(c.n_categories)
    mood = gumbel(world.seed, Purpose.CROSS_SELL, s.shopper[who, None], s.day, s.step, each)
    wish = world.population.demand[s.shopper[who]] + mood  # -inf: nothing to search with there
    goes = (had & tempted)[who] & partners.any(1)
    best = np.argmax(np.where(goes[:, None] & ~partners, -np.inf, wish), axis=1)
    category = s.category.copy()
    category[who] = np.where(goes | is_stuck[who], best, s.category[who])
    return category


def leaves(world: World, sessions: Sessions, *, is_bad_slate: Bools, has_bought: Bools) -> Bools:
    """Who leaves after a slate: the impatient, the disappointed, those who have what they came
    for.
    """
    config = world.config
    s = sessions
    odds = config.leave_base - world.population.patience[s.shopper] - config.leave_joy * s.joy
    odds = odds + config.leave_bad_slate * is_bad_slate + config.leave_purchase * has_bought
    gone = uniform(world.seed, Purpose.LEAVE, *s.moment) < expit(odds)
    return np.asarray(gone | (s.step + 1 >= world.max_slates))


def opens(world: World, sessions: Sessions) -> Bools:
    """Who, having clicked, goes on from the clicked item rather than from a new search."""
    return np.asarray(
        uniform(world.seed, Purpose.OPEN, *sessions.moment) < expit(world.config.open_base)
    )


def thinking_time(world: World, sessions: Sessions) -> Ints:
    """Milliseconds before the next request or before leaving; at least one."""
    spread = world.config.think_spread * normal(world.seed, Purpose.THINK, *sessions.moment)
    return np.asarray(1 + np.rint(world.config.think_ms * np.exp(spread)).astype(np.int64))


def product(wish: Floats, features: Floats, items: Ints) -> Floats:
    """Inner products [n, k] of wish [n, d] with the features [n_items, d] of items [n, k], added in
    a fixed order: equal in any batch.
    """
    columns = np.ascontiguousarray(features.T)
    total = np.zeros(items.shape)
    for d in range(wish.shape[1]):
        part = columns[d].take(items)  # a column at a time, which the processor's cache holds
        part *= wish[:, d, None]
        total += part
    return total
