"""What a pilot says of the variances, on numbers that are known and on a shop that was played."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from db.errors import NotFoundError, UsageError
from simulator.comparing.pilot import Piloted, measure_named, piloted, variances
from simulator.playing.report import load
from simulator.report.numbers.statistics import Estimate, ratio
from tests import factories
from workers.local_workforce import LocalWorkforce


def _estimate(values: np.ndarray) -> Estimate:
    return ratio(values, np.ones(len(values)))


def _piloted(rng: np.random.Generator, shop: float, *, lasting: float, daily: float) -> Piloted:
    """1000 shoppers of a shop; each has a part that lasts, and one a day of four days."""
    lasts = rng.normal(shop, lasting, 1000)
    days = lasts[:, None] + rng.normal(0, daily, (1000, 4))
    halves = (_estimate(days[:, ::2].mean(1)), _estimate(days[:, 1::2].mean(1)))
    return Piloted(_estimate(days.mean(1)), halves)


def test_the_variances_are_those_that_the_numbers_were_drawn_with() -> None:
    """Shops with a variance of 4, shoppers of 9 that lasts and 16 a day."""
    rng = np.random.default_rng(4)
    ours = [_piloted(rng, shop, lasting=3, daily=4) for shop in rng.normal(7, 2, 2000)]
    still = _estimate(np.full(1000, 5.0))
    theirs = [Piloted(still, (still, still))] * len(ours)
    found = variances(ours, theirs, shoppers=1000, days=4)
    assert found.value == pytest.approx(2, abs=0.2)
    assert found.base == 5
    assert found.s2_shop == pytest.approx(4, rel=0.1)
    assert found.s2_shopper(4) == pytest.approx(9 + 16 / 4, rel=0.02)
    assert found.s2_shopper(16) == pytest.approx(9 + 16 / 16, rel=0.02)


def test_one_shop_is_no_pilot() -> None:
    """And a shop in which either is undefined is none."""
    one = Piloted(_estimate(np.arange(3.0)), (_estimate(np.arange(3.0)),) * 2)
    none = Piloted(_estimate(np.full(3, np.nan)), one.halves)
    with pytest.raises(UsageError, match="at least 2 seeds, found 1"):
        variances([one, none], [one, one], shoppers=3, days=2)


def test_a_measure_is_known_by_what_stands_before_its_slates_size() -> None:
    """And an unknown one is not."""
    assert measure_named("hit_rate@10") is measure_named("hit_rate")
    with pytest.raises(NotFoundError, match="did you mean 'ctr_late'"):
        measure_named("ctr_lat")
    with pytest.raises(NotFoundError):
        measure_named("share_of_oracle_lead")  # of several runs


def test_the_halves_of_a_run_are_its_even_and_its_odd_days(sqlite: Engine) -> None:
    """Sessions of both halves together are those of the run, and both halves have some."""
    with LocalWorkforce(sqlite) as workforce:
        played = factories.play(sqlite, workforce, days=4)
    run = load(factories.context_of(sqlite), played.run.id)
    row = measure_named("session_click_rate")
    assert row.formula is not None
    found = piloted(run, row.formula)
    n = [half.n for half in found.halves]
    assert sum(n) == found.whole.n
    assert min(n) > 0
    clicks = [half.value * half.n for half in found.halves]
    assert sum(clicks) == pytest.approx(found.whole.value * found.whole.n)
