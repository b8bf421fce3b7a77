"""What a pilot says of the variances, on numbers that are known and on a shop that was played."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from db.errors import NotFoundError, UsageError
from simulator.comparing.pilot import measure_named, offered, piloted, variances
from simulator.playing.report import load
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.statistics import Estimate, ratio
from tests import factories
from workers.local_workforce import LocalWorkforce


def _estimate(values: np.ndarray) -> Estimate:
    return ratio(values, np.ones(len(values)))


def test_the_variances_are_those_that_the_numbers_were_drawn_with() -> None:
    """Shops with a variance of 4, shoppers with one of 25."""
    rng = np.random.default_rng(4)
    ours = [_estimate(rng.normal(shop, 5, 1000)) for shop in rng.normal(7, 2, 2000)]
    theirs = [_estimate(np.full(1000, 5.0))] * len(ours)
    found = variances(ours, theirs, shoppers=1000, days=4)
    assert found.value == pytest.approx(2, abs=0.2)
    assert found.base == 5
    assert found.s2_shop == pytest.approx(4, rel=0.1)
    assert found.s2_shopper == pytest.approx(25, rel=0.02)


def test_one_shop_is_no_pilot() -> None:
    """And a shop in which either is undefined is none."""
    one = _estimate(np.arange(3.0))
    none = _estimate(np.full(3, np.nan))
    with pytest.raises(UsageError, match="at least 2 seeds, found 1"):
        variances([one, none], [one, one], shoppers=3, days=2)


def test_a_measure_is_known_by_what_stands_before_its_slates_size() -> None:
    """And an unknown one is not."""
    assert measure_named("hit_rate@10") is measure_named("hit_rate")
    with pytest.raises(NotFoundError, match="did you mean 'ctr_late'"):
        measure_named("ctr_lat")
    with pytest.raises(NotFoundError):
        measure_named("share_of_oracle_lead")  # of several runs


def test_a_pilot_is_read_at_its_quarters() -> None:
    """Rounded up, each once."""
    assert offered(28) == [7, 14, 21, 28]
    assert offered(6) == [2, 3, 5, 6]
    assert offered(1) == [1]


@pytest.mark.parametrize("measure", ["ctr_late_expected", "return_rate", "revenue_per_session"])
def test_the_first_days_of_a_run_are_the_shorter_run(sqlite: Engine, measure: str) -> None:
    """To the last bit of value and influences, of a policy that learns."""
    row = measure_named(measure)
    assert row.formula is not None
    with LocalWorkforce(sqlite) as workforce:
        long, short = (
            load(
                factories.context_of(sqlite),
                factories.play(sqlite, workforce, policy="blend", days=days).run.id,
            )
            for days in (4, 2)
        )
    seen = piloted(long, row.formula, [2, 4])
    alone = row.formula(lay_out(short))
    assert seen[2].value == alone.value
    assert np.array_equal(seen[2].influence, alone.influence)
    assert seen[4].n > seen[2].n
