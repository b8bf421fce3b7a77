"""How much an expectation gains, on shops whose numbers are known."""

from __future__ import annotations

import numpy as np

from benchmarks.intervals import expected
from simulator.report.numbers.expected_outcomes import EXPECTED_OF
from simulator.report.numbers.statistics import Estimate

SHOPS = 400


def _estimate(value: float, spread: float) -> Estimate:
    return Estimate(value, spread * np.array([1.0, -1.0]), np.ones(2, np.bool_), 2)


def _shops(*, bias: float, luck: float = 0.01) -> list[expected.Shop]:
    """Drawn differences vary ten times as much as expected ones, and lie `bias` above them."""
    rng = np.random.default_rng(3)
    made = []
    for _ in range(SHOPS):
        shop: dict[str, dict[str, Estimate]] = {"visual": {}, "blend": {}}
        for drawn, told in EXPECTED_OF.items():
            truth = rng.normal(0.5, 0.001)
            drew = rng.normal(0, luck, 2) + bias
            for n, (policy, spread) in enumerate((("visual", 0.0), ("blend", 1.0))):
                shop[policy][told] = _estimate(truth if n else 0.5, 0.1 * spread)
                shop[policy][drawn] = _estimate((truth if n else 0.5) + drew[n], spread)
        made.append(shop)
    return made


def test_the_gain_is_that_of_the_variances() -> None:
    """Variances of 0.000201 and 0.000001 over shops, and of a hundred to one over shoppers."""
    for one in expected.gains(_shops(bias=0.0)):
        assert 150 < one.variance_over_shops < 260
        assert round(one.variance_over_shoppers) == 100


def test_an_expectation_that_is_off_shows() -> None:
    """Drawn - expected is near 0 where nothing is wrong, and many standard errors off else."""
    assert all(abs(one.z) < 4 for one in expected.gains(_shops(bias=0.0)))
    assert all(one.z > 10 for one in expected.gains(_shops(bias=0.01)))


def test_the_block_has_a_row_a_measure_and_names_what_falls_short() -> None:
    """The page says so itself."""
    block = expected.page_block(_shops(bias=0.0))
    assert all(f"| `{name}` |" in block for name in EXPECTED_OF)
    assert "Below what was wanted" not in block
    short = expected.page_block(_shops(bias=0.0, luck=0.001))
    assert "Below what was wanted: cart_rate, conversion_rate, revenue_per_session." in short
