"""The ceilings: rankers that know all items and the world's laws, and see one session, or all of a
shopper's.

What she wants is linear in the item's features (choice.wish). Of it the ranker knows anchor,
weariness and the category costs, which follow from what was asked and shown; her taste and her
sensitivity to price it must infer. It holds a Gaussian over them, that of the population before her
first slate, and moves it by each slate's clicks: an assumed-density filter with the logistic's
gradient and curvature at the moderated mean (MacKay 1992), a no-click counted only as far as the
position was probably examined. An approximation: the exact posterior is no Gaussian, so a better
ranker may exist, but none that was tried came near it.

From day to day a Gaussian drifts as tastes do (shopper.next_morning), so her earlier sessions are a
prior for the next one. Which picture she searched with tells of her taste too, and is not asked.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit

from simulator.world import choice
from simulator.world.draws import Bools, Floats, Ints
from simulator.world.session import Sessions, World

_MEAN_GRAIN = 2.0**20
_SPREAD_GRAIN = 2.0**14
"""Rounded so, products with the features' multiples of 2^-16 are exact in any batch and with any
BLAS.
"""


class SessionBayes:
    """What is believed of the sessions of one day, by session; another day's sessions begin
    anew.
    """

    def __init__(self, world: World) -> None:
        """The belief before the first slate is that about a shopper of whom nothing is known."""
        self._world = world
        self._pull = world.config.taste_pull
        config = world.config
        population = world.population
        # Price stands in one vector with taste, in its unit; the length column is known: no spread.
        dear = config.price_sensitivity * np.exp(config.price_sensitivity_spread**2 / 2)
        spread = dear * np.sqrt(np.expm1(config.price_sensitivity_spread**2))
        self._mean0 = np.concatenate([population.popular_taste, [0.0, -dear / self._pull]])
        self._spread0 = np.diag(
            np.concatenate([population.taste_scale**2, [0.0, (spread / self._pull) ** 2]])
        )
        features = world.catalogue.features[: world.catalogue.n_items]
        self._features = features
        self._squares = (features[:, :, None] * features[:, None, :]).reshape(len(features), -1)
        self._session = np.zeros(0, np.int64)
        size = len(self._mean0)
        self._mean = np.zeros((0, size))
        self._spread = np.zeros((0, size, size))

    def open_day(self, sessions: Sessions) -> None:
        """The day's sessions have come; nothing is known of any."""
        n = len(sessions.session)
        self._session = sessions.session
        self._mean = np.repeat(self._mean0[None], n, axis=0)
        self._spread = np.repeat(self._spread0[None], n, axis=0)

    def probability(self, some: Sessions) -> Floats:
        """P(click | examined) of each catalogue item as far as the session tells, float64 [n,
        n_items].
        """
        rows = np.searchsorted(self._session, some.session)
        known = self._world.config.click_base + choice.whole_catalogue_appeal(
            self._world, self._blank(some)
        )
        mean = np.rint(self._mean[rows] * _MEAN_GRAIN) / _MEAN_GRAIN
        spread = np.rint(self._spread[rows] * _SPREAD_GRAIN) / _SPREAD_GRAIN
        known += self._pull * (mean @ self._features.T)
        known += self._dear(some)[:, None] * self._features[:, -1]
        variance = self._pull**2 * (spread.reshape(len(rows), -1) @ self._squares.T)
        return np.asarray(expit(known / np.sqrt(1.0 + np.pi / 8.0 * np.maximum(variance, 0.0))))

    def observe(self, some: Sessions, slates: Ints, clicked: Bools) -> None:
        """These sessions, as they were when they asked, were shown slates [n, k] and clicked or did
        not.
        """
        rows = np.searchsorted(self._session, some.session)
        world = self._world
        features = world.catalogue.features[np.maximum(slates, 0)]
        known = world.config.click_base + choice.appeal(world, self._blank(some), slates)
        known += self._dear(some)[:, None] * features[:, :, -1]
        mean = self._mean[rows]
        spread = self._spread[rows]
        reads_on = np.ones(len(rows))
        for position, examination in enumerate(world.examination):
            examined = examination * reads_on
            reads_on = reads_on * (1 - world.config.stop_after_click * clicked[:, position])
            feature = self._pull * features[:, position]
            along = np.einsum("nde,ne->nd", spread, feature)
            variance = (feature * along).sum(1)
            moderated = np.sqrt(1.0 + np.pi / 8.0 * variance)
            chance = expit((known[:, position] + (feature * mean).sum(1)) / moderated)
            was_seen = np.where(
                clicked[:, position], 1.0, examined * (1 - chance) / (1 - examined * chance)
            ) * (slates[:, position] >= 0)
            curvature = was_seen * chance * (1 - chance)
            spread = spread - (curvature / (1 + curvature * variance))[:, None, None] * (
                along[:, :, None] * along[:, None, :]
            )
            step = was_seen * (clicked[:, position] - chance)
            mean = mean + np.einsum("nde,ne->nd", spread, feature) * step[:, None]
        self._mean[rows] = mean
        self._spread[rows] = spread

    def _blank(self, some: Sessions) -> Sessions:
        """The sessions without what nobody can see of the shopper."""
        return replace(some, taste=np.zeros_like(some.taste))

    def _dear(self, some: Sessions) -> Floats:
        """Takes her own price sensitivity out of the appeal again: it is believed, not known."""
        return self._world.population.price_sensitivity[some.shopper]


class HistoryBayes(SessionBayes):
    """The same, but what was believed of a shopper when her session ended is where her next one
    begins.
    """

    def __init__(self, world: World) -> None:
        """Nothing is known of anybody before the first day."""
        super().__init__(world)
        n_shoppers = len(world.population.price_sensitivity)
        self._day = 0
        self._shopper = np.zeros(0, np.int64)
        self._means = np.repeat(self._mean0[None], n_shoppers, axis=0)
        self._spreads = np.repeat(self._spread0[None], n_shoppers, axis=0)
        taste = len(world.population.popular_taste)
        self._kept = np.concatenate([np.full(taste, world.config.taste_memory), np.ones(2)])

    def open_day(self, sessions: Sessions) -> None:
        """Yesterday's sessions become memory, tastes drift over the nights between, and the day's
        begin.
        """
        self._means[self._shopper], self._spreads[self._shopper] = self._mean, self._spread
        for _ in range(sessions.day - self._day):
            self._drift()
        super().open_day(sessions)
        self._day = sessions.day
        self._shopper = sessions.shopper
        self._mean = self._means[self._shopper]
        self._spread = self._spreads[self._shopper]

    def _drift(self) -> None:
        """Own tastes fade towards the population's and gather its spread again; a purse stays as it
        is.
        """
        kept = self._kept
        self._means = self._mean0 + kept * (self._means - self._mean0)
        self._spreads *= kept[:, None] * kept
        self._spreads += (1 - kept**2)[:, None] * self._spread0
