"""The figure of a long run: four measures, week by week."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recommender.registry import REFERENCES
from simulator.report.figures.drawing import Chart, chart_of, colour, label_ends, percents, series
from simulator.report.numbers.comparison import Comparison
from simulator.report.numbers.over_time.weeks import OF_A_WEEK
from simulator.report.text import labels


def chart(comparison: Comparison, n_weeks: int, *, title: str) -> Chart:
    """Click rate, variety, concentration and value, a pane each, with intervals where there are."""
    policies = list(comparison.policies)
    names = [name for name in policies if name not in REFERENCES] or policies

    def draw(figure: Figure) -> None:
        panes = figure.subplots(len(OF_A_WEEK), 1, sharex=True)
        for axes, stem in zip(panes, OF_A_WEEK, strict=True):
            _pane(axes, comparison, names, stem, n_weeks)
        panes[-1].set_xticks(np.arange(1, n_weeks + 1))
        panes[-1].set_xlabel("week")

    return chart_of("weeks", title, draw, height=1.55 * len(OF_A_WEEK))


def _pane(axes: Axes, comparison: Comparison, names: list[str], stem: str, n_weeks: int) -> None:
    """One measure of each policy by week."""
    x = np.arange(1, n_weeks + 1)
    found = {name: series(comparison, name, f"{stem}_week", n_weeks) for name in names}
    for name, (value, low, high) in found.items():
        axes.fill_between(x, low, high, color=colour(name), alpha=0.15, linewidth=0)
        axes.plot(x, value, "o-", color=colour(name), linewidth=1.8, markersize=3)
    axes.set_ylim(bottom=0)
    measure = labels.of(stem)
    axes.set_title(measure.title, loc="left", fontsize=9)
    if measure.unit == "share":
        percents(axes, "y")
    ends = {name: value for name, (value, _, _) in found.items()}
    label_ends(axes, ends, apart=0.17)
