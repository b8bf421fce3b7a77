"""Who clicked each item first in a run, and who came next: what is cold hangs on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.report.numbers.panel import Ints, Panel


@dataclass(frozen=True)
class FirstClicks:
    """When each item was clicked first, and by whom; [n] by item number."""

    first: Ints
    """int64: the day; the number of days where it never was."""
    alone: Ints
    """int64: the only shopper who clicked it on that day; -1 where there were several, or none."""
    second: Ints
    """int64: the first day without her clicks."""

    @classmethod
    def of(cls, panel: Panel) -> FirstClicks:
        """From the slates that were read."""
        slates = panel.slates
        n = len(panel.run.categories)
        item = slates.shown[slates.is_clicked]
        day = (slates.day[:, None] + np.zeros_like(slates.shown))[slates.is_clicked]
        shopper = (slates.shopper[:, None] + np.zeros_like(slates.shown))[slates.is_clicked]
        first = np.full(n, panel.run.days)
        np.minimum.at(first, item, day)
        on_it = day == first[item]
        lowest = np.full(n, np.iinfo(np.int64).max)
        highest = np.full(n, -1)
        np.minimum.at(lowest, item[on_it], shopper[on_it])
        np.maximum.at(highest, item[on_it], shopper[on_it])
        alone = np.where(lowest == highest, highest, -1)
        others = shopper != alone[item]
        second = np.full(n, panel.run.days)
        np.minimum.at(second, item[others], day[others])
        return cls(first, alone, second)
