"""The click rate of a target policy, estimated from a log of another: five estimators.

All assume that a click depends on the item and its place, not on its neighbours (Li et al. 2018,
*Offline Summed of Ranking Policies with Click Models*). The position-based ones assume besides
that it is the product of an examination by place and an attraction by request and item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from simulator.counterfactual.chances import Chances, DrawnChances, Floats, RankedChances
from simulator.counterfactual.examination import Examination
from simulator.counterfactual.logged import Ints, Logged
from simulator.counterfactual.shared import EveryPlace, Shared, share

SUPPORT = 0.99
"""With less of the target's slates within the logger's reach there is no interval."""


@dataclass(frozen=True)
class PolicyEstimate:
    """One estimate of the target's clicks per item shown."""

    name: str
    value: float
    low: float
    """NaN where no interval is given."""
    high: float
    effective: float
    """Items shown with equal weights that would say as much (Kish); NaN without weights."""
    unsupported: float
    """Share of the target's items that the logger never shows there, 0 to 1."""


@dataclass(frozen=True)
class Total:
    """A sum over requests, and how it changes with the examinations."""

    parts: Floats
    """[n]"""
    slope: Floats
    """[k]: its derivatives by the examination of each place."""


def evaluate(log: Logged, shared: Shared | None = None) -> list[PolicyEstimate]:
    """Every estimator that the log allows, in the order of the page.

    Position-based ones need the chances of every place, the last two a score for the model.
    shared: of the same log, where several targets are evaluated.
    """
    shared = share(log) if shared is None else shared
    target = log.target if isinstance(log.target, RankedChances) else DrawnChances(log.target)
    found = [item_position(log, shared, target)]
    if (every := shared.every_place) is not None:
        weighed = Weighed.by(every, target, shared.logger)
        e = every.looks.by_place
        unsupported = missed(log, shared, weighed.weights * e, by_place=False, each=e)
        of = PositionBased(log, shared, every, weighed, unsupported)
        found += [of.plain(), of.self_normalised()]
        if every.model is not None and log.target_score is not None:
            attracted = every.model.of(log.target_score, log.on_slate)
            found += [of.doubly_robust(attracted), of.direct(attracted)]
    return found


def item_position(log: Logged, shared: Shared, target: Chances) -> PolicyEstimate:
    """Inverse propensity of an item at its place: sum of click x target / logger."""
    own = shared.logger.own
    weights = np.divide(target.own, own, out=np.zeros(own.shape), where=own > 0)
    clicks = Total((weights * log.clicked).sum(1), np.zeros(log.clicked.shape[1]))
    unsupported = missed(log, shared, weights, by_place=True)
    found = Summed(log.places, shared, None, effective_items(weights), unsupported)
    return found.of("item-position IPS", [clicks], [])


@dataclass(frozen=True)
class Weighed:
    """The weights of the position-based estimators."""

    weights: Floats
    """[n, k]: expected examination of each shown item by the target over that by the logger."""
    every: EveryPlace
    target: Chances
    logger: Chances

    @classmethod
    def by(cls, every: EveryPlace, target: Chances, logger: Chances) -> Weighed:
        """Those of a target."""
        weights = target.at_places(every.looks.by_place) * every.inverse
        return cls(weights, every, target, logger)

    def slope(self, x: Floats) -> Floats:
        """[k]: the derivatives of the sum of weights times x [n, k] by the examinations."""
        scaled = x * self.every.inverse
        return self.target.of_items(scaled) - self.logger.of_items(self.weights * scaled)


@dataclass(frozen=True)
class PositionBased:
    """The estimators under the position-based model, for one target."""

    log: Logged
    shared: Shared
    every: EveryPlace
    weighed: Weighed
    unsupported: float

    def plain(self) -> PolicyEstimate:
        """Inverse propensity: sum of click x weight."""
        return self._evaluated("position-based IPS", [self._clicks], [])

    def self_normalised(self) -> PolicyEstimate:
        """The same over the examination that the weights came to, times what they should come
        to.
        """
        e = self._looks
        weights = self.weighed.weights
        shown = np.where(self.shared.is_shown, e, 0.0)
        came = Total((weights * shown).sum(1), self.weighed.slope(shown) + weights.sum(0))
        on_slate = self.log.on_slate
        should = Total((on_slate * e).sum(1), on_slate.sum(0).astype(np.float64))
        return self._evaluated("position-based SNIPS", [self._clicks, should], [came])

    def doubly_robust(self, attracted: Floats) -> PolicyEstimate:
        """What the model expects of the target's slates, plus the weighted errors of the model.

        attracted: [n, k], what the model says of the target's slates.
        """
        e = self._looks
        weights = self.weighed.weights
        shown = self.every.attraction
        errors = self.log.clicked - e * shown
        parts = (e * attracted).sum(1) + (weights * errors).sum(1)
        slope = self.weighed.slope(errors) + attracted.sum(0) - (weights * shown).sum(0)
        return self._evaluated("position-based DR", [Total(parts, slope)], [])

    def direct(self, attracted: Floats) -> PolicyEstimate:
        """What the model alone expects: a point, because nobody knows how wrong the model is."""
        value = float((self._looks * attracted).sum() / self.log.places.sum())
        nothing = float("nan")
        return PolicyEstimate("direct model", value, nothing, nothing, nothing, nothing)

    @property
    def _looks(self) -> Floats:
        return self.every.looks.by_place

    @cached_property
    def _clicks(self) -> Total:
        clicked = self.log.clicked
        return Total((self.weighed.weights * clicked).sum(1), self.weighed.slope(clicked))

    def _evaluated(
        self, name: str, above: Sequence[Total], below: Sequence[Total]
    ) -> PolicyEstimate:
        looks = self.every.looks
        effective = effective_items(self.weighed.weights)
        found = Summed(self.log.places, self.shared, looks, effective, self.unsupported)
        return found.of(name, above, below)


def missed(
    log: Logged, shared: Shared, weights: Floats, *, by_place: bool, each: Floats | None = None
) -> float:
    """The share of the target's slates that the logger never shows, 0 to 1.

    Where nobody knows what the logger could have shown: what the weights lack of their expectation,
    beyond two standard errors.
    """
    on_slate = log.on_slate
    if log.reached is not None:
        reached = log.reached
        if reached.ndim == 3:
            own = np.diagonal(reached, axis1=1, axis2=2)
            reached = own if by_place else np.asarray(reached.any(axis=2))
        return float((on_slate & ~reached).sum() / max(1, on_slate.sum()))
    one = np.ones(log.clicked.shape[1]) if each is None else each
    should = (on_slate * one).sum(1)
    expected = should[:, None] / log.clicked.shape[1]
    lack = np.where(shared.is_shown, expected - weights, 0.0).sum(1)
    by_unit = np.bincount(shared.unit, lack)
    error = float(np.sqrt(np.square(by_unit - by_unit.mean()).sum()))
    return float(max(0.0, lack.sum() - 2 * error) / should.sum())


@dataclass(frozen=True)
class Summed:
    """From totals to an estimate with its interval."""

    places: Ints
    """[n]: items on the target's slate."""
    shared: Shared
    looks: Examination | None
    """None where nothing hangs on the examinations."""
    effective: float
    unsupported: float

    def of(self, name: str, above: Sequence[Total], below: Sequence[Total]) -> PolicyEstimate:
        """The product of totals over that of others and the number of items, with its interval.

        The delta method over units: a product's relative change is the sum of its factors'.
        """
        places = self.places.astype(np.float64)
        shown = Total(places, np.zeros(0 if self.looks is None else len(self.looks.by_place)))
        value = 1.0
        relative = np.zeros(len(places))
        for power, totals in ((1, above), (-1, [*below, shown])):
            for total in totals:
                whole = float(total.parts.sum())
                if whole == 0:
                    value = 0.0 if power == 1 else float("nan")
                    relative[:] = np.nan
                    continue
                value *= whole**power
                relative += power * total.parts / whole
                if self.looks is not None and total.slope.any():
                    relative += power * (self.looks.influence @ total.slope) / whole
        low, high = _interval(value, value * relative, self.shared)
        if self.unsupported > 1 - SUPPORT:
            low = high = float("nan")
        return PolicyEstimate(name, value, low, high, self.effective, self.unsupported)


def effective_items(weights: Floats) -> float:
    """Items with equal weights that would say as much (Kish)."""
    return float(weights.sum() ** 2 / max(float(np.square(weights).sum()), 1e-300))


def _interval(value: float, influence: Floats, shared: Shared) -> tuple[float, float]:
    """95 %, Student's t over units; NaN with fewer than two, or where nothing varies."""
    n = shared.n_units
    by_unit = np.bincount(shared.unit, influence)
    variance = float(np.square(by_unit).sum()) * n / max(1, n - 1)
    if n < 2 or not variance > 0:
        return float("nan"), float("nan")
    half = float(special.stdtrit(n - 1, 0.975)) * variance**0.5
    return value - half, value + half
