"""Expected outcomes: clicks, carts, purchases and revenue without the luck of the draw.

For an event E of a session, the sum over its slates of [E not yet] * (1 - prod_j (1 - p_j)). Given
what was shown, positions are independent: each term is the chance that E happens first at that
slate, so drawn - expected is a sum of martingale differences, with mean zero for any policy that
sees the past only.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from db.events import Kind
from simulator.report.numbers.panel import CENTS, Floats, Panel, sums
from simulator.report.numbers.statistics import Estimate, ratio, undefined

EXPECTED_OF = MappingProxyType(
    {
        "ctr_late": "ctr_late_expected",
        "hit_rate": "hit_rate_expected",
        "session_click_rate": "session_click_rate_expected",
        "cart_rate": "cart_rate_expected",
        "conversion_rate": "conversion_rate_expected",
        "revenue_per_session": "revenue_per_session_expected",
    }
)
"""The expectation of each measure that is drawn, both by stem, in the order of the short table."""


def hit_rate_expected(panel: Panel) -> Estimate:
    """Sum of 1 - prod(1 - P(click)) over positions / slates, over the slates that the judge read.
    The expectation of hit_rate, given the slates that were shown.
    """
    slates = panel.slates
    is_read = np.asarray(~(slates.is_shown & np.isnan(slates.expected)).any(axis=1))
    n = panel.run.n_shoppers
    return ratio(
        sums(slates.shopper, np.where(is_read, _any_of(panel, slates.expected), 0.0), n),
        sums(slates.shopper, is_read, n),
        is_share=True,
    )


def session_click_rate_expected(panel: Panel) -> Estimate:
    """The expectation of session_click_rate, slate by slate, given the slates that were shown."""
    return _first_time(panel, panel.slates.expected, Kind.CLICK)


def cart_rate_expected(panel: Panel) -> Estimate:
    """The expectation of cart_rate, slate by slate, given the slates that were shown."""
    return _first_time(panel, panel.slates.carts, Kind.CART)


def conversion_rate_expected(panel: Panel) -> Estimate:
    """The expectation of conversion_rate, slate by slate, given the slates that were shown."""
    return _first_time(panel, panel.slates.purchases, Kind.PURCHASE)


def revenue_per_session_expected(panel: Panel) -> Estimate:
    """Sum of P(purchase) * price over items shown / sessions, in whole units of money."""
    slates = panel.slates
    prices = panel.run.prices[np.maximum(slates.shown, 0)] / CENTS
    worth = np.where(slates.is_shown, slates.purchases * prices, 0.0).sum(axis=1)
    return _per_session(panel, worth, is_share=False)


def _first_time(panel: Panel, chances: Floats, kind: Kind) -> Estimate:
    once = _any_of(panel, chances)
    # A slate whose chances are missing stays NaN even where it counts for nothing.
    counted = np.where(_is_over(panel, kind) & ~np.isnan(once), 0.0, once)
    return _per_session(panel, counted, is_share=True)


def _any_of(panel: Panel, chances: Floats) -> Floats:
    """The chance of at least one among the items of each slate: [n_slates]."""
    known = np.where(panel.slates.is_shown, chances, 0.0)
    return np.asarray(1 - np.prod(1 - known, axis=1))


def _is_over(panel: Panel, kind: Kind) -> NDArray[np.bool_]:
    """Whether the event had happened in the session before the slate was shown: bool [n_slates]."""
    rows = panel.run.events.rows
    acts = rows[rows["kind"] == kind]
    n = len(panel.sessions.session)
    first = np.full(n, np.iinfo(np.int64).max)
    place = np.searchsorted(panel.sessions.session, acts["session"])
    np.minimum.at(first, place, acts["step"].astype(np.int64))
    return np.asarray(panel.slates.step > first[panel.slates.row])


def _per_session(panel: Panel, of_slate: Floats, *, is_share: bool) -> Estimate:
    """Over sessions; undefined where the judge's chances of any slate are missing."""
    n = panel.run.n_shoppers
    if np.isnan(of_slate).any() or not len(of_slate):
        return undefined(n)
    everyone = np.ones(len(panel.sessions.session))
    return ratio(
        sums(panel.slates.shopper, of_slate, n),
        sums(panel.sessions.shopper, everyone, n),
        is_share=is_share,
    )
