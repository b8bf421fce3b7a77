"""P values of several differences together: the family keeps its level."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.report.numbers.many import holm, is_headline, max_t


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    """By hand; what is undefined does not count."""
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": np.nan})
    assert found["a"] == pytest.approx(0.03)
    assert found["c"] == pytest.approx(0.06)
    assert found["b"] == pytest.approx(0.06)
    assert np.isnan(found["d"])


def test_one_alone_keeps_its_p() -> None:
    """Nothing to correct for."""
    rng = np.random.default_rng(3)
    influence = rng.standard_normal(400) / 400
    error = float(np.sqrt(np.square(influence).sum()))
    (found,) = max_t([1.96 * error], [influence])
    assert found == pytest.approx(0.05, abs=0.01)


@pytest.mark.thorough
@pytest.mark.parametrize("likeness", [0.0, 0.95])
def test_the_family_raises_a_false_alarm_in_one_of_twenty(likeness: float) -> None:
    """Six measures without a difference, alike or not: at least one below 0.05 in 3 to 7 % of 600
    trials.
    """
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(600):
        common = rng.standard_normal(300)
        own = rng.standard_normal((6, 300))
        moved = (likeness**0.5 * common + (1 - likeness) ** 0.5 * own) / 300
        values = moved.sum(axis=1)
        alarms += min(max_t(values.tolist(), list(moved - values[:, None] / 300))) < 0.05
    assert 0.03 <= alarms / 600 <= 0.07


def test_what_did_not_vary_has_no_p() -> None:
    """Nor what is undefined."""
    found = max_t([0.0, np.nan, 0.1], [np.zeros(5), np.ones(5), np.array([1.0, -1, 1, -1, 0])])
    assert np.isnan(found[:2]).all()
    assert found[2] > 0.5


def test_headlines_are_known_by_their_stem() -> None:
    """With or without the size of a slate."""
    assert is_headline("hit_rate@10")
    assert not is_headline("category_hit_rate@10")
