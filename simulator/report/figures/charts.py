"""The charts of a comparison: click rates, differences, learning, positions, funnel, exposure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from recommender.registry import REFERENCES
from simulator.report.figures.drawing import (
    FAINT,
    INK,
    Chart,
    Floats,
    chart_of,
    colour,
    dot,
    label_ends,
    name_rows,
    percents,
    series,
)
from simulator.report.numbers.comparison import Comparison
from simulator.report.text import labels

_COMPARED = ("ctr_late_expected", "session_click_rate", "conversion_rate")


def policies(comparison: Comparison, *, title: str) -> Chart:
    """Late expected click rate of each policy, with its interval."""
    names = list(comparison.policies)
    found = [comparison.interval(name, "ctr_late_expected") for name in names]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, (name, one) in enumerate(zip(names, found, strict=True)):
            dot(axes, row, (one.value, one.low, one.high), colour(name))
            axes.annotate(
                labels.number(one.value, "share"),
                (one.value, row),
                (0, 6),
                textcoords="offset points",
                ha="center",
                color=colour(name),
                fontweight="bold",
            )
        name_rows(axes, names)
        axes.set_xlim(left=0)
        percents(axes, "x")
        axes.set_xlabel("expected clicks per item shown, last third of the days")

    return chart_of("policies", title, draw, height=0.55 + 0.42 * len(names))


def differences(comparison: Comparison, reference: str, *, title: str) -> Chart:
    """What each policy is ahead of the reference: paired, in points of three measures, each on its
    own scale.
    """
    names = near(comparison, reference)

    def draw(figure: Figure) -> None:
        panes = np.atleast_1d(figure.subplots(len(_COMPARED), 1))
        for axes, metric in zip(panes, _COMPARED, strict=True):
            for row, name in enumerate(names):
                gap = comparison.gap(name, reference, metric)
                dot(axes, row, (gap.value, gap.low, gap.high), colour(name))
            axes.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
            axes.set_title(labels.of(metric).title, loc="left", fontsize=9)
            name_rows(axes, names, head=0.55)
            percents(axes, "x", sign="")
        panes[-1].set_xlabel(f"points more than {reference}")

    return chart_of(
        "differences", title, draw, height=0.4 + len(_COMPARED) * (0.62 + 0.2 * len(names))
    )


def near(comparison: Comparison, reference: str) -> list[str]:
    """The policies to hold against the reference, but those so far behind that they would squeeze
    the others.
    """
    names = _without([name for name in comparison.policies if name != reference], *REFERENCES)
    ahead = {name: comparison.gap(name, reference, _COMPARED[0]).value for name in names}
    best = max((value for value in ahead.values() if value > 0), default=np.inf)
    return [name for name in names if not ahead[name] < -best]


def learning(comparison: Comparison, days: int, *, title: str) -> Chart:
    """Click rate by day: expected as a line with its interval, drawn as faint dots."""
    names = _without(list(comparison.policies), *REFERENCES)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        x = np.arange(1, days + 1)
        for name in names:
            value, low, high = series(comparison, name, "ctr_expected_day", days)
            drawn, _, _ = series(comparison, name, "ctr_day", days)
            axes.fill_between(x, low, high, color=colour(name), alpha=0.15, linewidth=0)
            axes.plot(x, value, color=colour(name), linewidth=1.8)
            axes.plot(
                x, drawn, "o", color=colour(name), markersize=2.5, alpha=0.45, markeredgewidth=0
            )
        axes.set_ylim(bottom=0)
        axes.set_xlim(1 - 0.02 * days, days)
        axes.set_xticks(_whole(days))
        percents(axes, "y")
        axes.set_xlabel("day")
        label_ends(
            axes,
            {name: series(comparison, name, "ctr_expected_day", days)[0] for name in names},
        )

    return chart_of("learning", title, draw, height=3.1)


def positions(comparison: Comparison, k: int, *, title: str) -> Chart:
    """Click rate at each position of the slate."""
    names = _without(list(comparison.policies), *REFERENCES)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        x = np.arange(1, k + 1)
        for name in names:
            value, low, high = series(comparison, name, "ctr_position", k)
            axes.fill_between(x, low, high, color=colour(name), alpha=0.15, linewidth=0)
            axes.plot(x, value, color=colour(name), linewidth=1.8)
        axes.set_ylim(bottom=0)
        axes.set_xlim(1 - 0.02 * k, k)
        axes.set_xticks(_whole(k))
        percents(axes, "y")
        axes.set_xlabel("position in the slate")
        label_ends(axes, {name: series(comparison, name, "ctr_position", k)[0] for name in names})

    return chart_of("positions", title, draw, height=2.9)


def funnel(comparison: Comparison, *, title: str) -> Chart:
    """Of 100 sessions: how many clicked, put into the cart, bought."""
    names = list(comparison.policies)
    stages = (
        ("session_click_rate", 0.3, "click"),
        ("cart_rate", 0.6, "cart"),
        ("conversion_rate", 1.0, "purchase"),
    )

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, name in enumerate(names):
            values = [comparison.interval(name, metric).value for metric, _, _ in stages]
            for value, (_, strength, _) in zip(values, stages, strict=True):
                axes.barh(row, value, height=0.62, color=colour(name), alpha=strength, linewidth=0)
            axes.annotate(
                " · ".join(f"{100 * value:.{0 if value >= 0.095 else 1}f}" for value in values),
                (values[0], row),
                (4, 0),
                textcoords="offset points",
                va="center",
                color=colour(name),
            )
        name_rows(axes, names)
        axes.margins(x=0.28)
        axes.set_xlim(left=0)
        percents(axes, "x")
        axes.set_xlabel("sessions with a click (faint) · a cart · a purchase (strong)")

    return chart_of("funnel", title, draw, height=0.55 + 0.36 * len(names))


def exposure(comparison: Comparison, curves: dict[str, Floats], *, title: str) -> Chart:
    """Lorenz curves: which share of all exposures the least shown share of the catalogue got."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        ginis = {name: comparison.interval(name, "exposure_gini").value for name in curves}
        known = sorted(
            (name for name in ginis if ginis[name] == ginis[name]), key=lambda name: ginis[name]
        )
        axes.text(0.03, 0.95, "Gini", va="center", color=INK)
        for place, name in enumerate(known, 1):
            x = np.linspace(0, 1, len(curves[name]))
            axes.plot(x, curves[name], color=colour(name), linewidth=1.8)
            text = f"{ginis[name]:.2f}  {name}"
            axes.text(0.03, 0.95 - 0.075 * place, text, va="center", color=colour(name))
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        for which in ("x", "y"):
            percents(axes, which)
        axes.set_xlabel("of the catalogue, least shown first")
        axes.set_ylabel("of all exposures")

    return chart_of("exposure", title, draw, height=3.1)


def lorenz(exposures: Sequence[Floats], points: int = 101) -> Floats:
    """The Lorenz curve at `points` even shares of the items, the mean over seeds: float64
    [points].
    """
    even = np.linspace(0, 1, points)
    curves = []
    for one in exposures:
        running = np.concatenate([[0.0], np.cumsum(np.sort(one))])
        curves.append(
            np.interp(even, np.linspace(0, 1, len(running)), running / max(running[-1], 1.0))
        )
    return np.asarray(np.mean(curves, axis=0), np.float64)


def _without(names: Sequence[str], *left_out: str) -> list[str]:
    """The names but those that would squeeze the others into a corner; all, if nothing else is
    there.
    """
    return [name for name in names if name not in left_out] or list(names)


def _whole(last: int) -> list[int]:
    """Tick marks at whole numbers, about eight of them, the first and the last among them."""
    return sorted({*range(1, last + 1, -(-last // 8)), last})
