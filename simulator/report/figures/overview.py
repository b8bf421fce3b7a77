"""One figure of an experiment at a glance, for a notebook."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.figure import Figure

from simulator.report.figures.drawing import colour, series
from simulator.report.numbers.comparison import Comparison

LATE = "ctr_late_expected"
BY_DAY = "ctr_expected_day"


class Overview(Figure):
    """A figure that a notebook shows as a picture without pyplot."""

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        self.savefig(png, format="png", dpi=90)
        return png.getvalue()


def overview(comparison: Comparison, days: int) -> Figure:
    """Clicks expected per 100 items shown: on the left day by day, on the right over the late days.

    Bands and bars are the 95 % intervals of the comparison.
    """
    figure = Overview(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    day = np.arange(1, days + 1)
    for row, policy in enumerate(comparison.policies):
        shade = colour(policy)
        value, low, high = (100 * one for one in series(comparison, policy, BY_DAY, days))
        left.plot(day, value, color=shade, label=policy)
        left.fill_between(day, low, high, color=shade, alpha=0.15, linewidth=0)
        late = comparison.interval(policy, LATE)
        right.plot([100 * late.low, 100 * late.high], [row, row], color=shade)
        right.plot([100 * late.value], [row], "o", color=shade)
    left.set_xticks(day)
    left.set_xlabel("day")
    left.set_ylabel("clicks expected per 100 shown")
    left.set_ylim(bottom=0)
    left.legend(frameon=False)
    right.set_yticks(range(len(comparison.policies)), list(comparison.policies))
    right.invert_yaxis()
    right.set_xlim(left=0)
    right.set_xlabel("over the late days")
    return figure
