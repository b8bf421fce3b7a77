"""The charts of the page about the embedder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from recommender.evaluation.classification import Calibration, Classification
from simulator.report.figures.drawing import COLOURS, FAINT, Chart, chart_of, percents
from simulator.report.numbers.embedder.evaluated import ROWS, TABLES, Evaluation


def retrieval_bars(found: Evaluation) -> Chart:
    """Mean average precision of each row, by table, with its interval."""
    shades = dict(
        zip(
            ROWS,
            (COLOURS[n] for n in ("visual", "random", "popularity", "cf", "blend")),
            strict=True,
        )
    )
    shown = [table for table in TABLES if "without" not in table]

    def draw(figure: Figure) -> None:
        panes = np.atleast_1d(figure.subplots(len(shown), 1, sharex=True))
        for axes, table in zip(panes, shown, strict=True):
            for row, name in enumerate(ROWS):
                one = found.tables[table][name].map
                axes.plot([one.low, one.high], [row, row], color=shades[name], linewidth=2.2)
                axes.plot(
                    [one.value], [row], "o", color=shades[name], markersize=5.5, markeredgewidth=0
                )
                axes.annotate(
                    f"{one.value:.3f}",
                    (one.value, row),
                    (0, 5),
                    textcoords="offset points",
                    ha="center",
                    color=shades[name],
                    fontsize=8,
                )
            axes.set_yticks(range(len(ROWS)), list(ROWS))
            axes.set_ylim(len(ROWS) - 0.5, -0.9)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.set_title(table, loc="left", fontsize=9)
        panes[-1].set_xlim(0, 1)
        panes[-1].set_xlabel("mean average precision")

    return chart_of("retrieval", "Mean average precision, side by side", draw, height=4.4)


def confusion(measured: Classification, names: Sequence[str]) -> Chart:
    """The share of each class that is named as each class."""
    n = np.maximum(measured.confusion.sum(1, keepdims=True), 1)
    share = measured.confusion / n

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        size = len(names)
        for truth in range(size):
            for guess in range(size):
                value = float(share[truth, guess])
                if measured.confusion[truth, guess]:
                    right = truth == guess
                    shade = COLOURS["visual"] if right else COLOURS["blend"]
                    strength = 0.18 * value if right else min(0.75, 4 * value)
                    axes.fill_between(
                        [guess - 0.48, guess + 0.48],
                        truth - 0.47,
                        truth + 0.47,
                        color=shade,
                        alpha=strength,
                        linewidth=0,
                    )
                    text = f"{1000 * value:.0f}"
                    axes.text(guess, truth, text, ha="center", va="center", fontsize=6.5)
        axes.set_xticks(range(size), list(names), rotation=40, ha="right", fontsize=7)
        axes.set_yticks(range(size), list(names), fontsize=7)
        axes.set_xlim(-0.6, size - 0.4)
        axes.set_ylim(size - 0.4, -0.6)
        axes.tick_params(length=0)
        axes.spines[["left", "bottom"]].set_visible(False)

    return chart_of("confusion", "What is taken for what", draw, height=3.4)


def reliability(found: Calibration) -> Chart:
    """How often the network is right where it is so sure."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        known = found.count > 0
        size = 14 + 500 * found.count[known] / max(int(found.count.sum()), 1)
        axes.plot(
            found.confidence[known], found.accuracy[known], color=COLOURS["visual"], linewidth=1.2
        )
        axes.scatter(
            found.confidence[known],
            found.accuracy[known],
            s=size,
            color=COLOURS["visual"],
            alpha=0.8,
            linewidth=0,
        )
        axes.set_xlim(0, 1.03)
        axes.set_ylim(0, 1.06)
        for which in ("x", "y"):
            percents(axes, which)
        axes.set_xlabel("how sure it was")
        axes.set_ylabel("how often it was right")

    return chart_of("reliability", "Is it as often right as it is sure?", draw, height=3.3)
