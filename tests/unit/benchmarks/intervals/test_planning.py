"""Predicted against realised errors, on shops whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.intervals import planning
from simulator.report.numbers.statistics import ratio

SHOPS = 300


def _played(shoppers: int) -> planning.Played:
    """Shops with a variance of 0.01 between them, of shoppers with a variance of 4 each."""
    rng = np.random.default_rng(shoppers)
    still = ratio(np.ones(shoppers), np.ones(shoppers))
    shops = []
    for shop in rng.normal(1.2, 0.1, SHOPS):
        ours = ratio(rng.normal(shop, 2, shoppers), np.ones(shoppers))
        of = {planning.A: ours, planning.B: still}
        shops.append({who: dict.fromkeys(planning.MEASURES, one) for who, one in of.items()})
    return planning.Played(shoppers, 6, shops)


def test_what_is_predicted_for_other_sizes_is_what_comes() -> None:
    """Of shops whose shoppers differ as much in every size, within a tenth."""
    foretold, found, error = planning.predicted(_played(400), _played(100), "ctr_expected")
    assert abs(foretold / (0.01 + 4 / 100) ** 0.5 - 1) < 0.1
    assert abs(foretold / found - 1) < 0.12
    assert 0.02 < error < 0.1


@pytest.mark.thorough
def test_an_experiment_has_the_power_it_was_planned_for() -> None:
    """Some 80 of a hundred, and the table says so of each measure."""
    pilot = _played(400)
    assert 0.7 <= planning.realised_power(pilot, pilot, "ctr_expected", 10, 150) <= 0.9
    block = planning.page_block([pilot], [_played(100)], trials=5)
    rows = [f"| `{name}` | {n}, 6 |" for name in planning.MEASURES for n in (400, 100)]
    assert all(row in block for row in rows)
