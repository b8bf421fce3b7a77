"""Expected carts, purchases and revenue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from db.events import Kind
from simulator.report.numbers import expected_outcomes, formulas
from simulator.report.numbers.panel import Expectations, Panel, lay_out
from tests.unit.simulator.report.diary import hand_made

PAIRS = (
    (expected_outcomes.session_click_rate_expected, "expected", Kind.CLICK),
    (expected_outcomes.cart_rate_expected, "carts", Kind.CART),
    (expected_outcomes.conversion_rate_expected, "purchases", Kind.PURCHASE),
)


def _by_hand(panel: Panel, chances: str, kind: Kind) -> float:
    """The formula, slate by slate, in loops."""
    total = 0.0
    rows = panel.run.events.rows
    for n, of_slate in enumerate(getattr(panel.slates, chances)):
        session = panel.sessions.session[panel.slates.row[n]]
        before = rows[(rows["session"] == session) & (rows["step"] < panel.slates.step[n])]
        if not (before["kind"] == kind).any():
            shown = of_slate[panel.slates.is_shown[n]]
            total += 1 - np.prod([1 - chance for chance in shown])
    return total / len(panel.sessions.session)


@pytest.mark.parametrize(("formula", "chances", "kind"), PAIRS)
def test_a_session_expects_its_first_time_only(formula: Any, chances: Any, kind: Any) -> None:
    """A slate counts for nothing once it has happened; the rest equals loops over slates."""
    panel = lay_out(hand_made())
    assert formula(panel).value == pytest.approx(_by_hand(panel, chances, kind), abs=1e-12)


@pytest.mark.parametrize(("formula", "chances", "kind"), PAIRS)
def test_what_comes_after_the_first_time_counts_for_nothing(
    formula: Any, chances: Any, kind: Any
) -> None:
    """One visit of three slates, in which it happens at the second: the third adds nothing."""
    acted = {"item": 1, "position": 2, "price": 2000}
    first, second, third = ((Kind.IMPRESSION, n, n, {"shown": [0, 1, 2]}) for n in range(3))
    panel = lay_out(hand_made(visits={0: [first, second, (kind, 1, 5, acted), third]}))
    once = 1 - np.prod(1 - getattr(panel.slates, chances)[0])
    assert formula(panel).value == pytest.approx(2 * once, abs=1e-12)


def test_revenue_is_price_times_chance() -> None:
    """Every item shown brings its price with the judge's chance of its purchase."""
    panel = lay_out(hand_made())
    slates = panel.slates
    total = sum(
        chance * panel.run.prices[item] / 100
        for items, chances in zip(slates.shown, slates.purchases, strict=True)
        for item, chance in zip(items, chances, strict=True)
        if item >= 0
    )
    found = expected_outcomes.revenue_per_session_expected(panel).value
    assert found == pytest.approx(total / len(panel.sessions.session), abs=1e-12)


def test_a_run_without_chances_has_no_expected_outcomes() -> None:
    """Missing is not zero: what was stored before has no value."""
    run = hand_made()
    told = run.expectations
    panel = lay_out(replace(run, expectations=Expectations(told.session, told.step, told.expected)))
    for formula in (
        expected_outcomes.cart_rate_expected,
        expected_outcomes.conversion_rate_expected,
        expected_outcomes.revenue_per_session_expected,
    ):
        assert np.isnan(formula(panel).value)
    assert not np.isnan(formulas.ctr_expected(panel).value)
