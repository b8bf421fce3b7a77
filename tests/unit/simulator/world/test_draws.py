"""Addressed randomness is uniform, independent and a function of its address alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats

from simulator.world.draws import Purpose, bits, gumbel, normal, uniform

N = 50_000


def test_neighbouring_addresses_give_uniform_draws() -> None:
    """Consecutive addresses, in each of three places, pass a test of uniformity."""
    row = np.arange(N)
    places: list[tuple[ArrayLike, ...]] = [(row, 0, 0), (0, row, 0), (0, 0, row)]
    for address in places:
        assert stats.kstest(uniform(1, Purpose.CLICK, *address), "uniform").pvalue > 1e-3


def test_neighbours_purposes_and_seeds_are_uncorrelated() -> None:
    """The next address, the next purpose, the next seed and swapped parts tell nothing about a
    draw.
    """
    row = np.arange(N)
    here = uniform(1, Purpose.CLICK, row, 5)
    others = [
        uniform(1, Purpose.CLICK, row + 1, 5),
        uniform(1, Purpose.CLICK, row, 6),
        uniform(1, Purpose.DWELL, row, 5),
        uniform(2, Purpose.CLICK, row, 5),
        uniform(1, Purpose.CLICK, 5, row),
    ]
    for other in others:
        assert abs(np.corrcoef(here, other)[0, 1]) < 4 / np.sqrt(N)
        joint = np.histogram2d(here, other, bins=8, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(joint.ravel()).pvalue > 1e-4


def test_a_million_addresses_do_not_collide() -> None:
    """Shoppers by days by items, 10^6 in all, give as many different numbers."""
    drawn = bits(
        1, Purpose.CLICK, np.arange(100)[:, None, None], np.arange(100)[:, None], np.arange(100)
    )
    assert len(np.unique(drawn)) == drawn.size


def test_draws_do_not_depend_on_shape_or_company() -> None:
    """One address drawn alone equals the same address drawn among others."""
    many = uniform(1, Purpose.CLICK, np.arange(10)[:, None], np.arange(7))
    assert many[4, 6] == uniform(1, Purpose.CLICK, 4, 6)
    assert np.array_equal(
        many[::-1, ::2],
        uniform(1, Purpose.CLICK, np.arange(9, -1, -1)[:, None], np.arange(0, 7, 2)),
    )


def test_address_types_and_negative_numbers_are_settled() -> None:
    """int16 and int64 mean the same address, -1 is an address of its own, and floats are
    refused.
    """
    assert uniform(1, Purpose.CLICK, np.int16(9)) == uniform(1, Purpose.CLICK, np.int64(9))
    assert uniform(1, Purpose.CLICK, -1) != uniform(1, Purpose.CLICK, 1)
    with pytest.raises(TypeError, match="integers"):
        uniform(1, Purpose.CLICK, 0.5)


def test_the_generator_is_pinned() -> None:
    """Published results depend on these bits; a change of generator must be noticed."""
    assert [int(x) for x in bits(1, Purpose.CLICK, np.array([0, 1, 2**40]), 3)] == PINNED


def test_uniforms_stay_inside_the_open_interval() -> None:
    """Neither 0 nor 1 occurs, so inversion never gives an infinity."""
    assert (0.0 + 0.5) * 2.0**-52 > 0
    assert (float(2**52 - 1) + 0.5) * 2.0**-52 < 1


def test_normal_and_gumbel_have_their_distributions() -> None:
    """Inversion gives the standard normal and the standard Gumbel."""
    row = np.arange(N)
    assert stats.kstest(normal(1, Purpose.TASTE, row), "norm").pvalue > 1e-3
    assert stats.kstest(gumbel(1, Purpose.CATEGORY, row), "gumbel_r").pvalue > 1e-3


def test_purposes_are_distinct() -> None:
    """No two names share a number."""
    assert len({int(p) for p in Purpose}) == len(Purpose.__members__)


PINNED = [16799857977068125446, 5296906648201582029, 7784754409170897371]
