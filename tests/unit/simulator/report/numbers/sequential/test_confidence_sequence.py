"""Intervals for any number of looks, against long paths without a difference."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.report.numbers.sequential.confidence_sequence import normal_z, student_t


def test_the_normal_mixture_holds_at_two_hundred_looks() -> None:
    """Fewer than 5 alarms of a hundred however long one looks; a plain interval raises 40 and
    more.
    """
    rng = np.random.default_rng(5)
    information = np.arange(1, 201)
    z = np.abs(rng.standard_normal((5000, 200)).cumsum(axis=1)) / information**0.5
    reach = np.array([normal_z(one, tuned_at=7) for one in information])
    assert (z > reach).any(axis=1).mean() < 0.05
    assert (z > 1.96).any(axis=1).mean() > 0.4


def test_the_normal_mixture_is_narrowest_where_it_is_tuned() -> None:
    """Another tuning is wider there."""
    least = normal_z(7.0, tuned_at=7.0)
    assert least == pytest.approx(3.035, abs=0.001)
    assert all(normal_z(7.0, tuned_at=other) > least for other in (3.0, 6.5, 7.5, 20.0))


def test_students_sequence_holds_from_few_seeds_on() -> None:
    """The variance is estimated anew at every look, which a normal bound would not forgive."""
    rng = np.random.default_rng(6)
    values = rng.standard_normal((5000, 60))
    n = np.arange(1, 61)
    mean = values.cumsum(axis=1) / n
    variance = ((values**2).cumsum(axis=1) - n * mean**2)[:, 1:] / (n[1:] - 1)
    t = np.abs(mean[:, 1:]) / (variance / n[1:]) ** 0.5
    reach = np.array([student_t(one) for one in n[1:]])
    assert (t > reach).any(axis=1).mean() < 0.05


def test_students_sequence_says_the_mixture_of_t_outright() -> None:
    """At its end the evidence against no difference is exactly 20 to 1: the slow twin integrates
    over effects in standard deviations and over the standard deviation.
    """
    n = 12
    t = student_t(n)
    values = np.random.default_rng(3).standard_normal(n)
    values = (values - values.mean()) / values.std(ddof=1) + t / n**0.5
    deviations = np.exp(np.linspace(-2, 3, 1201))
    effects = np.linspace(-8, 8, 1601)
    apart = np.square(values).sum() / deviations**2
    null = (deviations**-n * np.exp(-apart / 2)).sum()
    likelihood = np.exp(
        -(apart[:, None] - 2 * effects * values.sum() / deviations[:, None] + n * effects**2) / 2
    )
    prior = np.exp(-(effects**2) / 2) / (2 * np.pi) ** 0.5 * (effects[1] - effects[0])
    other = (deviations**-n * (likelihood @ prior)).sum()
    assert other / null == pytest.approx(20, rel=1e-3)


def test_too_few_seeds_tell_nothing() -> None:
    """Two to four have no interval."""
    assert [np.isinf(student_t(n)) for n in (1, 2, 4, 5)] == [True, True, True, False]
