"""What looks conclude of a difference that grows."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.report.numbers.sequential import looks
from simulator.report.numbers.sequential.looks import SeenSoFar
from simulator.report.numbers.statistics import paired, ratio

SEEN = [SeenSoFar(day, 0.03, 0.0008 / day, 400) for day in range(1, 10)]


def test_the_last_planned_look_is_the_last_that_counts() -> None:
    """What came behind it is left out, and it is only a little wider than a plain interval."""
    found = looks.until(SEEN, 5)
    assert [one.at for one in found] == [1, 2, 3, 4, 5]
    half = (found[-1].high - found[-1].low) / 2
    assert 1.96 < half / (0.0008 / 5) ** 0.5 < 2.1


def test_the_first_clear_look_is_where_one_could_have_stopped() -> None:
    """At 0.03 with an error of 0.0283 / sqrt(day): z of 2.37 at day 5."""
    clear = looks.first_clear(looks.until(SEEN, 5))
    assert clear is not None
    assert clear.at == 5
    later = looks.first_clear(looks.open_ended(SEEN, over_seeds=False))
    assert later is not None
    assert later.at == 9
    assert looks.first_clear(looks.open_ended(SEEN[:8], over_seeds=False)) is None


def test_a_day_is_the_paired_difference_of_the_shoppers() -> None:
    """The same value and variance as of a comparison of two whole runs."""
    rng = np.random.default_rng(2)
    a, b = (ratio(rng.poisson(2, 50).astype(float), np.full(50, 10.0)) for _ in range(2))
    seen = looks.by_day(3, a, b)
    plain = paired(a, b)
    assert (seen.at, seen.units, seen.value) == (3, 50, plain.value)
    assert plain.high - plain.value == pytest.approx(2.0096 * seen.variance**0.5, rel=1e-4)


def test_seeds_are_looked_at_from_the_second_on() -> None:
    """A seed without the measure is left out."""
    found = looks.by_seeds([1.0, float("nan"), 3.0, 8.0])
    assert [(one.at, one.value, one.units) for one in found] == [(2, 2.0, 2), (3, 4.0, 3)]
    assert found[1].variance == pytest.approx(13 / 3)


def test_what_does_not_vary_is_no_look() -> None:
    """Neither are differences that are undefined; few seeds have a value and no interval."""
    nothing = [
        SeenSoFar(1, 0.0, 0.0, 9),
        SeenSoFar(2, float("nan"), 1.0, 9),
        SeenSoFar(3, 1.0, 1.0, 1),
    ]
    assert looks.until(nothing, 3) == []
    assert looks.open_ended(nothing, over_seeds=False) == []
    (few,) = looks.open_ended([SeenSoFar(3, 1.0, 0.1, 3)], over_seeds=True)
    assert np.isnan(few.low)
    assert not few.is_clear
