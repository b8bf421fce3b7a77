"""A run of many days, small enough to be measured by hand: the diary's visits, day after day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simulator.report.numbers.panel import Panel, RunData, lay_out
from tests.unit.simulator.report.diary import SHOPPERS, VISITS, hand_made


def long_run(
    days: int, *, policy: str = "blend", chance: Callable[[int], float] = lambda _: 0.1
) -> RunData:
    """Both shoppers come every day; `chance` of the day is the judge's for every item shown."""
    visits = {
        SHOPPERS * day + shopper: VISITS[(0, 1)[shopper]]
        for day in range(days)
        for shopper in range(SHOPPERS)
    }
    run = replace(hand_made(policy, visits=visits), days=days)
    told = run.expectations
    by_day = np.array([chance(int(session) // SHOPPERS) for session in told.session])
    return replace(
        run, expectations=replace(told, expected=by_day[:, None] + np.zeros_like(told.expected))
    )


def long_panel(days: int, *, chance: Callable[[int], float] = lambda _: 0.1) -> Panel:
    """The same, laid out."""
    return lay_out(long_run(days, chance=chance))
