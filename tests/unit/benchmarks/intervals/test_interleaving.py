"""False alarms of mixed lists and of halves, on clicks that are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.intervals import interleaving
from simulator.comparing.preference import gap_of, preference

SHOPPERS = 300


def _panel(rng: np.random.Generator) -> Any:
    """Two slates of four places a shopper, each place clicked by chance."""
    is_clicked = rng.random((2 * SHOPPERS, 4)) < rng.uniform(0.1, 0.5, (2 * SHOPPERS, 1))
    slates = SimpleNamespace(
        shopper=np.repeat(np.arange(SHOPPERS), 2),
        is_clicked=is_clicked,
        is_shown=np.ones_like(is_clicked),
    )
    return SimpleNamespace(slates=slates, run=SimpleNamespace(n_shoppers=SHOPPERS))


def test_sides_that_do_not_differ_are_told_apart_five_times_of_a_hundred() -> None:
    """By either way, and though the lists do differ."""
    rng = np.random.default_rng(3)
    credit = np.tile([1, -1, 1, -1], (2 * SHOPPERS, 1))
    swapped: list[bool] = []
    parted: list[bool] = []
    for _ in range(20):
        panel = _panel(rng)
        panel.slates.is_clicked[:, 0] = True
        assert gap_of([preference(panel, credit)]).p < 0.001
        swapped += interleaving.swapped(panel, credit, rng)
        parted += interleaving.parted(panel, rng)
    assert len(swapped) == len(parted) == 20 * interleaving.LOTS
    assert 0.02 < np.mean(swapped) < 0.09
    assert 0.02 < np.mean(parted) < 0.09
