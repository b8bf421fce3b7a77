"""The figure of items that came in mid-run: how soon each policy shows them as often as their share
is.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from recommender.registry import REFERENCES
from simulator.report.figures.drawing import FAINT, Chart, chart_of, colour, label_ends, series
from simulator.report.numbers.comparison import Comparison

TITLE = "How often items that came in mid-run were shown: 1 is their fair share"


def chart(comparison: Comparison, days: int) -> Chart:
    """Exposure of new items over their fair share, by day, with intervals."""
    policies = list(comparison.policies)
    names = [name for name in policies if name not in REFERENCES] or policies

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        x = np.arange(1, days + 1)
        found = {name: series(comparison, name, "new_item_exposure_day", days) for name in names}
        for name, (value, low, high) in found.items():
            axes.fill_between(x, low, high, color=colour(name), alpha=0.15, linewidth=0)
            axes.plot(x, value, color=colour(name), linewidth=1.8)
        axes.axhline(1, color=FAINT, linewidth=0.8, zorder=0)
        axes.set_ylim(bottom=0)
        axes.set_xlim(1 - 0.02 * days, days)
        axes.set_xlabel("day")
        axes.set_ylabel("exposure / fair share")
        label_ends(axes, {name: value for name, (value, _, _) in found.items()})

    return chart_of("arrivals", TITLE, draw, height=2.9)
