"""Bounds of O'Brien and Fleming by spending: those of the literature, and by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.report.numbers.sequential.spending import bounds, spent


def test_five_equal_looks_have_the_bounds_of_the_literature() -> None:
    """The two-sided O'Brien-Fleming type at 5 %, as the programs of Reboussin, DeMets and others
    (Controlled Clinical Trials 21, 2000) print them.
    """
    found = bounds([0.2, 0.4, 0.6, 0.8, 1.0], [1, 2, 3, 4, 5])
    assert found == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)


def test_one_look_is_the_plain_interval() -> None:
    """Whoever looks once at the end loses nothing."""
    assert bounds([1.0], [3.0]) == pytest.approx([1.95996], abs=1e-4)


def test_all_is_spent_at_the_end_and_hardly_anything_before() -> None:
    """4 - 4 Phi(2.2414 / sqrt(t)) by the share t of the way."""
    assert spent(0.0) == 0.0
    assert spent(1.0) == pytest.approx(0.05)
    assert spent(2.0) == pytest.approx(0.05)
    assert spent(0.5) == pytest.approx(0.00305, abs=1e-5)


def test_twenty_eight_looks_raise_an_alarm_five_times_of_a_hundred() -> None:
    """The slow twin: paths of a difference that is none, with information that grows unevenly."""
    rng = np.random.default_rng(4)
    gained = rng.uniform(0.3, 1.7, 28)
    information = gained.cumsum()
    paths = (rng.standard_normal((20_000, 28)) * gained**0.5).cumsum(axis=1)
    z = np.abs(paths) / information**0.5
    crossed = z > bounds(np.arange(1, 29) / 28, information)
    assert crossed.any(axis=1).mean() == pytest.approx(0.05, abs=0.006)
    assert crossed[:, :14].any(axis=1).mean() == pytest.approx(spent(0.5), abs=0.0015)


def test_a_look_that_tells_nothing_new_still_has_a_bound() -> None:
    """A little new is assumed, so that the planned end can spend what is left."""
    found = bounds([0.25, 0.5, 1.0], [1.0, 1.0, 0.9])
    assert np.isfinite(found).all()
    assert found[0] > found[1] > found[2] > 1.9
    assert len(bounds([], [])) == 0
