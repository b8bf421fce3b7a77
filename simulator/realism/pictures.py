"""The pictures of the page: yours beside simulated, one a distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.realism.measures import MEASURES
from simulator.report.figures.drawing import COLOURS, INK, chart_of, percents
from simulator.report.pages.study import ShownFigure

YOURS, OURS = INK, COLOURS["blend"]
HEIGHT = 2.3
CAPTIONS = {
    "clicks by position": "Share of the clicks at each place, were all places shown as often.",
    "popularity by rank": "Share of the looks of each item, the most looked at first.",
}


def pictures(document: dict[str, Any]) -> list[ShownFigure]:
    """One for each shape that both sides have."""
    return [_figure(name, shape) for name, shape in document.get("shapes", {}).items()]


def _figure(name: str, shape: dict[str, Any]) -> ShownFigure:
    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        if name == "clicks by position":
            _places(axes, shape)
        elif name == "popularity by rank":
            _ranks(axes, shape)
        else:
            _spread(axes, shape, MEASURES[name].unit)
        axes.legend(frameon=False, fontsize=8.5)

    caption = CAPTIONS.get(name, "Share of the values that are at most so large.")
    title = f"{name[:1].upper()}{name[1:]}"
    chart = chart_of(name.replace(" ", "-"), title, draw, height=HEIGHT)
    return ShownFigure(chart, caption)


def _sides(shape: dict[str, Any]) -> list[tuple[Any, str, str, str]]:
    return [
        (shape["real"], YOURS, "-", "yours"),
        (shape["simulated"], OURS, "--", "simulated"),
    ]


def _spread(axes: Axes, shape: dict[str, Any], unit: str) -> None:
    """How much lies below each value; the axis is bent so that small and large ones are seen."""
    for values, shade, dash, label in _sides(shape):
        share = np.linspace(0, 1, len(values))
        axes.plot(values, share, dash, color=shade, linewidth=1.8, label=label)
    largest = max(*shape["real"], *shape["simulated"], 1e-9)
    above = [one for one in shape["real"] + shape["simulated"] if one > 0] or [largest]
    middle = float(np.median(above))
    axes.set_xscale("symlog", linthresh=middle)
    axes.set_xlim(0, largest)
    ticks = [0.0, *np.geomspace(middle, largest, 4)] if largest > middle else [0.0, largest]
    axes.set_xticks(ticks, [f"{one:.2g}" if one < 100 else f"{one:.0f}" for one in ticks])
    axes.minorticks_off()
    axes.set_xlabel(unit)
    percents(axes, "y")


def _ranks(axes: Axes, shape: dict[str, Any]) -> None:
    for one, shade, dash, label in _sides(shape):
        axes.loglog(one["rank"], one["share"], dash, color=shade, linewidth=1.8, label=label)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    axes.set_xlabel("rank of the item")


def _places(axes: Axes, shape: dict[str, Any]) -> None:
    for values, shade, dash, label in _sides(shape):
        axes.plot(
            shape["place"], values, dash, marker="o", markersize=4.5, color=shade, label=label
        )
    axes.set_ylim(bottom=0)
    axes.set_xticks(shape["place"][:: max(1, len(shape["place"]) // 10)])
    axes.set_xlabel("place in the slate")
    percents(axes, "y")
