"""Who comes: tastes, habits and wants of the population, and what a shopper carries from day to
day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit

from simulator.world.catalogue import Catalogue
from simulator.world.draws import Bools, Floats, Ints, Purpose, normal, uniform
from simulator.world.presets import WorldConfig

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True)
class Population:
    """What does not change about a shopper; a row is a shopper. Each row depends on (seed, shopper)
    alone.
    """

    popular_taste: Floats  # [dims], what all have in common
    own_taste: Floats  # [n_shoppers, dims], on the first day
    taste_scale: Floats  # [dims], sd of own taste
    price_sensitivity: Floats
    patience: Floats
    habit: Floats
    demand: (
        Floats  # [n_shoppers, n_categories], log weight; -inf where nothing can be searched with
    )


@dataclass(frozen=True)
class Memory:
    """What a shopper carries from day to day; a row is a shopper."""

    own_taste: Floats  # [n_shoppers, dims]
    satisfaction: Floats  # [n_shoppers], -1 to 1
    owned: Floats  # [n_shoppers, n_categories], purchases, fading
    gone: Bools  # [n_shoppers], who never comes again


class EndedVisits(Protocol):
    """What is read here of the sessions of a day."""

    @property
    def day(self) -> int:
        """Which day."""

    @property
    def shopper(self) -> Ints:
        """Whose, [n]."""

    @property
    def joy(self) -> Floats:
        """What each gave, [n]."""


def populate(config: WorldConfig, seed: int, catalogue: Catalogue, n_shoppers: int) -> Population:
    """The population of a run. Taste lives in the space of style; a product of both has variance
    one.
    """
    who = np.arange(n_shoppers)
    scale = _taste_scale(config, catalogue)
    dims = np.arange(len(scale))
    own_scale = scale * np.sqrt(1 - config.popular_share)
    return Population(
        popular_taste=_popular_taste(config, seed, catalogue, scale),
        own_taste=own_scale * normal(seed, Purpose.TASTE, who[:, None], dims),
        taste_scale=own_scale,
        price_sensitivity=config.price_sensitivity
        * np.exp(config.price_sensitivity_spread * normal(seed, Purpose.PRICE_SENSITIVITY, who)),
        patience=config.patience_spread * normal(seed, Purpose.PATIENCE, who),
        habit=config.habit_spread * normal(seed, Purpose.HABIT, who),
        demand=_demand(config, seed, catalogue, who),
    )


def first_memory(population: Population) -> Memory:
    """Before the first day: nothing bought, neither pleased nor annoyed."""
    own = population.own_taste
    nobody = np.zeros(len(own), np.bool_)
    return Memory(own, np.zeros(len(own)), np.zeros_like(population.demand), nobody)


def visitors(
    config: WorldConfig, seed: int, population: Population, memory: Memory, day: int
) -> Bools:
    """Who comes today, bool [n_shoppers]: an addressed uniform against habit and satisfaction.

    A newcomer comes on her first day for sure, and never before it.
    """
    urge = config.visit_base + population.habit + config.visit_satisfaction * memory.satisfaction
    comes = uniform(seed, Purpose.VISIT, np.arange(len(urge)), day) < expit(urge)
    if config.newcomer_share:
        first = first_day(config, seed, len(urge))
        comes = np.where(first < 0, comes, (day == first) | (comes & (day > first)))
    return np.asarray(comes & ~memory.gone)


def first_day(config: WorldConfig, seed: int, n_shoppers: int) -> Ints:
    """The day on which each newcomer first comes, int64 [n_shoppers]; -1: she knew the shop."""
    who = np.arange(n_shoppers)
    is_new = uniform(seed, Purpose.NEWCOMER, who, 0) < config.newcomer_share
    day = np.floor(config.newcomer_days * uniform(seed, Purpose.NEWCOMER, who, 1))
    return np.where(is_new, day, -1.0).astype(np.int64)


def gone_after(config: WorldConfig, seed: int, memory: Memory, sessions: EndedVisits) -> Bools:
    """Who never comes again, bool [n_shoppers]: the less joy a visit gave, the likelier."""
    if not config.churn:
        return memory.gone
    gone = memory.gone.copy()
    chance = config.churn * (1 - np.tanh(np.maximum(sessions.joy, 0.0)))
    dice = uniform(seed, Purpose.CHURN, sessions.shopper, sessions.day)
    gone[sessions.shopper] |= dice < chance
    return gone


def arrival(config: WorldConfig, seed: int, shopper: Ints, day: int) -> Ints:
    """Milliseconds since the world began, by the daily curve."""
    weight = np.asarray(config.hours)
    edges = np.concatenate([[0.0], np.cumsum(weight) / weight.sum()])
    share = uniform(seed, Purpose.HOUR, shopper, day)
    hour = np.interp(share, edges, np.arange(len(edges), dtype=np.float64))
    return day * DAY_MS + np.minimum(np.floor(hour * HOUR_MS), DAY_MS - 1).astype(np.int64)


def wanted_category(
    config: WorldConfig, population: Population, memory: Memory, catalogue: Catalogue, shopper: Ints
) -> Floats:
    """Log weights [n, n_categories] of what she comes for.

    Her demand, less for what she bought of late, more for what goes with it.
    """
    owned = np.minimum(memory.owned[shopper], 1.0)
    going_with = (owned[:, :, None] * catalogue.complements).max(1)
    leaning = population.demand[shopper] - config.owned_cost * owned
    return np.asarray(leaning + config.owned_complement * going_with)


def next_morning(
    config: WorldConfig, seed: int, population: Population, memory: Memory, day: int
) -> Memory:
    """Tastes drift, each shopper in a direction of her own; what was felt and bought fades."""
    who = np.arange(len(memory.satisfaction))
    dims = np.arange(len(population.taste_scale))
    step = population.taste_scale * normal(seed, Purpose.DRIFT, who[:, None], day, dims)
    kept = config.taste_memory
    return Memory(
        own_taste=kept * memory.own_taste + np.sqrt(1 - kept**2) * step,
        satisfaction=config.satisfaction_memory * memory.satisfaction,
        owned=config.owned_memory * memory.owned,
        gone=memory.gone,
    )


def _taste_scale(config: WorldConfig, catalogue: Catalogue) -> Floats:
    """Sd of taste by dimension: its product with visible style has variance 1 - h, with hidden
    style h.
    """
    h = config.hidden_share
    visible = catalogue.visible_dims
    order = np.argsort(catalogue.key, kind="stable")
    power = (catalogue.style[order] ** 2).mean(0)
    parts = [(power[:visible], 1 - h), (power[visible:], h)]
    return np.concatenate(
        [np.full(len(p), np.sqrt(s / p.sum()) if p.sum() > 0 else 0.0) for p, s in parts]
    )


def _popular_taste(config: WorldConfig, seed: int, catalogue: Catalogue, scale: Floats) -> Floats:
    """One direction in each of the two styles, of the same length in every world."""
    drawn = normal(seed, Purpose.POPULAR_TASTE, np.arange(len(scale)))
    cut = catalogue.visible_dims
    for part in (slice(0, cut), slice(cut, None)):
        drawn[part] /= np.sqrt((drawn[part] ** 2).mean())
    return np.asarray(scale * np.sqrt(config.popular_share) * drawn)


def _demand(config: WorldConfig, seed: int, catalogue: Catalogue, who: Ints) -> Floats:
    """Log weights: Zipf in the order of the category numbers, and each shopper's own leanings."""
    categories = np.arange(catalogue.n_categories)
    searchable = catalogue.query_count > 0
    rank = np.cumsum(searchable)
    leaning = config.demand_spread * normal(seed, Purpose.DEMAND, who[:, None], categories)
    return np.where(
        searchable, -config.demand_skew * np.log(np.maximum(rank, 1)) + leaning, -np.inf
    )
