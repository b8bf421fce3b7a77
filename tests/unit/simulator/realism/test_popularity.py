"""Popularity against counts by hand and known exponents."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.realism.popularity import gini, ranked, zipf


def test_gini_of_equal_counts_is_nothing_and_of_unequal_ones_as_by_hand() -> None:
    """Counts 1 and 3: a quarter."""
    assert gini(np.array([1.0, 2.0])) == 0.0
    assert gini(np.array([1.0, 2.0, 2.0, 2.0])) == pytest.approx(0.25)


def test_items_are_ranked_by_how_often_they_come() -> None:
    """The most looked at first."""
    assert ranked(np.array([7.0, 3.0, 7.0, 9.0, 7.0, 9.0])).tolist() == [3.0, 2.0, 1.0]


@pytest.mark.parametrize("exponent", [0.0, 0.7, 1.3])
def test_the_exponent_by_which_looks_fall_is_found(exponent: float) -> None:
    """Looks that fall so, to a whole one."""
    counts = np.rint(1e5 * np.arange(1, 201) ** -exponent).astype(int)
    looks = np.repeat(np.arange(200.0), counts)
    assert zipf(looks) == pytest.approx(exponent, abs=1e-3)
