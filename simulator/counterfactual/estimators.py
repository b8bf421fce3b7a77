"""The click rate of a target policy, estimated from a log of another: five estimators.

All assume that a click depends on the item and its place, not on its neighbours (Li et al. 2018,
*Offline Evaluation of Ranking Policies with Click Models*). The position-based ones assume besides
that it is the product of an examination by place and an attraction by request and item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from simulator.counterfactual.examination import Examination, examination
from simulator.counterfactual.logged import Floats, Logged
from simulator.counterfactual.model import Attraction, attraction

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


def evaluate(log: Logged) -> list[PolicyEstimate]:
    """Every estimator that the log allows, in the order of the page.

    Position-based ones need the chances of every place, the last two a score for the model.
    """
    found = [item_position(log)]
    if log.knows_every_place:
        looks = examination(log)
        weights, slopes = position_weights(log, looks)
        found += [position_based(log, weights, slopes, looks)]
        found += [self_normalised(log, weights, slopes, looks)]
        if log.score is not None:
            model = attraction(log, looks.by_place)
            found += [doubly_robust(log, weights, slopes, looks, model)]
            found += [direct(log, looks, model)]
    return found


def item_position(log: Logged) -> PolicyEstimate:
    """Inverse propensity of an item at its place: sum of click x target / logger."""
    weights = _ratio(log.own(log.target), log.own(log.logger))
    clicks = Total((weights * log.clicked).sum(1), np.zeros(log.clicked.shape[1]))
    unsupported = missed(log, weights, by_place=True)
    return _evaluated("item-position IPS", log, [clicks], [], None, weights, unsupported)


def position_weights(log: Logged, looks: Examination) -> tuple[Floats, Floats]:
    """Expected examination of each shown item by the target over that by the logger, [n, k], and
    the derivatives of these by the examinations, [n, k, k].
    """
    by_logger = log.logger @ looks.by_place
    weights = _ratio(log.target @ looks.by_place, by_logger)
    change = log.target - weights[:, :, None] * log.logger
    return weights, _ratio(change, by_logger[:, :, None])


def position_based(
    log: Logged, weights: Floats, slopes: Floats, looks: Examination
) -> PolicyEstimate:
    """Inverse propensity under the position-based model: sum of click x weight."""
    clicks = _clicks(log, weights, slopes)
    unsupported = missed(log, weights * looks.by_place, by_place=False, each=looks.by_place)
    return _evaluated("position-based IPS", log, [clicks], [], looks, weights, unsupported)


def self_normalised(
    log: Logged, weights: Floats, slopes: Floats, looks: Examination
) -> PolicyEstimate:
    """The same over the examination that the weights came to, times what they should come to."""
    e = looks.by_place
    came = Total(
        np.where(log.is_shown, weights * e, 0.0).sum(1),
        np.einsum("npj,p->j", slopes, e) + weights.sum(0),
    )
    should = _expected_looks(log, e)
    unsupported = missed(log, weights * e, by_place=False, each=e)
    clicks = _clicks(log, weights, slopes)
    return _evaluated(
        "position-based SNIPS", log, [clicks, should], [came], looks, weights, unsupported
    )


def doubly_robust(
    log: Logged, weights: Floats, slopes: Floats, looks: Examination, model: Attraction
) -> PolicyEstimate:
    """What the model expects of the target's slates, plus the weighted errors of the model."""
    e = looks.by_place
    expected = np.where(log.is_shown, e * model.shown, 0.0)
    errors = log.clicked - expected
    parts = (e * model.target).sum(1) + (weights * errors).sum(1)
    slope = np.einsum("npj,np->j", slopes, errors)
    slope += model.target.sum(0) - (weights * np.where(log.is_shown, model.shown, 0.0)).sum(0)
    unsupported = missed(log, weights * e, by_place=False, each=e)
    total = Total(parts, slope)
    return _evaluated("position-based DR", log, [total], [], looks, weights, unsupported)


def direct(log: Logged, looks: Examination, model: Attraction) -> PolicyEstimate:
    """What the model alone expects: a point, because nobody knows how wrong the model is."""
    value = float((looks.by_place * model.target).sum() / log.places.sum())
    nothing = float("nan")
    return PolicyEstimate("direct model", value, nothing, nothing, nothing, nothing)


def missed(log: Logged, weights: Floats, *, by_place: bool, each: Floats | None = None) -> float:
    """The share of the target's slates that the logger never shows, 0 to 1.

    Where nobody knows what the logger could have shown: what the weights lack of their expectation,
    beyond two standard errors.
    """
    on_slate = np.arange(log.clicked.shape[1]) < log.places[:, None]
    if log.reached is not None:
        own = np.diagonal(log.reached, axis1=1, axis2=2)
        reached = own if by_place else log.reached.any(axis=2)
        return float((on_slate & ~reached).sum() / max(1, on_slate.sum()))
    one = np.ones(log.clicked.shape[1]) if each is None else each
    should = (on_slate * one).sum(1)
    lack = np.where(log.is_shown, should[:, None] / log.clicked.shape[1] - weights, 0.0).sum(1)
    by_unit = np.bincount(np.unique(log.unit, return_inverse=True)[1], lack)
    error = float(np.sqrt(np.square(by_unit - by_unit.mean()).sum()))
    return float(max(0.0, lack.sum() - 2 * error) / should.sum())


def _clicks(log: Logged, weights: Floats, slopes: Floats) -> Total:
    return Total((weights * log.clicked).sum(1), np.einsum("npj,np->j", slopes, log.clicked))


def _expected_looks(log: Logged, e: Floats) -> Total:
    """Examinations of the target's slates."""
    on_slate = np.arange(len(e)) < log.places[:, None]
    return Total((on_slate * e).sum(1), on_slate.sum(0).astype(np.float64))


def _evaluated(  # noqa: PLR0917 - what an estimate is made of
    name: str,
    log: Logged,
    above: Sequence[Total],
    below: Sequence[Total],
    looks: Examination | None,
    weights: Floats,
    unsupported: float,
) -> PolicyEstimate:
    """The product of totals over that of others and the number of items, with its interval.

    The delta method over units: a product's relative change is the sum of its factors'.
    """
    shown = Total(log.places.astype(np.float64), np.zeros(log.clicked.shape[1]))
    value = 1.0
    relative = np.zeros(len(log.unit))
    for power, totals in ((1, above), (-1, [*below, shown])):
        for total in totals:
            whole = float(total.parts.sum())
            if whole == 0:
                value = 0.0 if power == 1 else float("nan")
                relative[:] = np.nan
                continue
            value *= whole**power
            relative += power * total.parts / whole
            if looks is not None:
                relative += power * (looks.influence @ total.slope) / whole
    low, high = _interval(value, value * relative, log)
    if unsupported > 1 - SUPPORT:
        low = high = float("nan")
    effective = float(weights.sum() ** 2 / max(np.square(weights).sum(), 1e-300))
    return PolicyEstimate(name, value, low, high, effective, unsupported)


def _interval(value: float, influence: Floats, log: Logged) -> tuple[float, float]:
    """95 %, Student's t over units; NaN with fewer than two, or where nothing varies."""
    units, number = np.unique(log.unit, return_inverse=True)
    n = len(units)
    variance = float(np.square(np.bincount(number, influence)).sum()) * n / max(1, n - 1)
    if n < 2 or not variance > 0:
        return float("nan"), float("nan")
    half = float(stats.t.ppf(0.975, n - 1)) * variance**0.5
    return value - half, value + half


def _ratio(above: Floats, below: Floats) -> Floats:
    """The quotient; 0 for padding."""
    is_known = np.isfinite(above) & (below > 0)
    return np.divide(above, below, out=np.zeros(above.shape), where=is_known)
