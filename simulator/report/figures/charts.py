"""The figures, as SVG with text as text: each once for the page (colours by CSS) and once as a file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recommender.registry import POLICIES, REFERENCES
from simulator.report.numbers.comparison import Comparison
from simulator.report.text import labels

Floats = NDArray[np.float64]

INK, FAINT = "#1c2024", "#8b9199"
COLOURS = {name: one.colour for name, one in POLICIES.items()}
"""After Okabe and Ito, darkened until text in them is readable on white; ON_DARK has the dark page's."""

ON_DARK = {INK: "#e6e8ea", FAINT: "#7d858d"} | {one.colour: one.on_dark for one in POLICIES.values()}
"""The same colours on a dark page."""

_COMPARED = ("ctr_late_expected", "session_click_rate", "conversion_rate")
_OTHERS = ("#556b1f", "#0f7285", "#9c3d3d")
_WIDTH = 4.4  # inches; narrow, so that the text is still readable on a phone
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "windowshop",
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Chart:
    """One figure. inline: SVG for the page, transparent, colours as CSS variables. file: SVG that stands
    alone.
    """

    name: str
    title: str
    inline: str
    file: bytes


def policies(comparison: Comparison, *, title: str) -> Chart:
    """Late expected click rate of each policy, with its interval."""
    names = list(comparison.policies)
    found = [comparison.interval(name, "ctr_late_expected") for name in names]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, (name, one) in enumerate(zip(names, found, strict=True)):
            _dot(axes, row, (one.value, one.low, one.high), colour(name))
            axes.annotate(
                labels.number(one.value, "share"), (one.value, row), (0, 6), textcoords="offset points",
                ha="center", color=colour(name), fontweight="bold",
            )  # fmt: skip
        _rows(axes, names)
        axes.set_xlim(left=0)
        percents(axes, "x")
        axes.set_xlabel("expected clicks per item shown, last third of the days")

    return chart_of("policies", title, draw, height=0.55 + 0.42 * len(names))


def differences(comparison: Comparison, reference: str, *, title: str) -> Chart:
    """What each policy is ahead of the reference: paired, in points of three measures, each on its own
    scale.
    """
    names = near(comparison, reference)

    def draw(figure: Figure) -> None:
        panes = np.atleast_1d(figure.subplots(len(_COMPARED), 1))
        for axes, metric in zip(panes, _COMPARED, strict=True):
            for row, name in enumerate(names):
                gap = comparison.gap(name, reference, metric)
                _dot(axes, row, (gap.value, gap.low, gap.high), colour(name))
            axes.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
            axes.set_title(labels.of(metric).title, loc="left", fontsize=9)
            _rows(axes, names, head=0.55)
            percents(axes, "x", sign="")
        panes[-1].set_xlabel(f"points more than {reference}")

    return chart_of("differences", title, draw, height=0.4 + len(_COMPARED) * (0.62 + 0.2 * len(names)))


def near(comparison: Comparison, reference: str) -> list[str]:
    """The policies to hold against the reference, but those so far behind that they would squeeze the
    others.
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
            axes.plot(x, drawn, "o", color=colour(name), markersize=2.5, alpha=0.45, markeredgewidth=0)
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
                (values[0], row), (4, 0), textcoords="offset points", va="center", color=colour(name),
            )  # fmt: skip
        _rows(axes, names)
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
        known = sorted((name for name in ginis if ginis[name] == ginis[name]), key=lambda name: ginis[name])
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
    """The Lorenz curve at `points` even shares of the items, the mean over seeds: float64 [points]."""
    even = np.linspace(0, 1, points)
    curves = []
    for one in exposures:
        running = np.concatenate([[0.0], np.cumsum(np.sort(one))])
        curves.append(np.interp(even, np.linspace(0, 1, len(running)), running / max(running[-1], 1.0)))
    return np.asarray(np.mean(curves, axis=0), np.float64)


def colour(policy: str) -> str:
    """The colour of a policy, everywhere the same."""
    return COLOURS.get(policy, _OTHERS[sum(policy.encode()) % len(_OTHERS)])


def variable(shade: str) -> str:
    """The CSS variable that stands for a colour on the page."""
    return f"--c{shade[1:]}"


def chart_of(name: str, title: str, draw: Callable[[Figure], None], *, height: float) -> Chart:
    """A chart that `draw` puts on an empty figure of our width and the height given, in inches."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(_WIDTH, height))
        draw(figure)
        inline = _svg(figure, transparent=True)
        figure.suptitle(_wrapped(title), x=0.02, ha="left", fontweight="bold", fontsize=9.5)
        figure.set_size_inches(_WIDTH, height + 0.25 * (1 + _wrapped(title).count("\n")))
        return Chart(name, title, themed(inline, name, title), _svg(figure, transparent=False).encode())


def _svg(figure: Figure, *, transparent: bool) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=transparent, metadata={"Date": None, "Creator": None})
    return re.sub(r"\s*<metadata>.*?</metadata>", "", buffer.getvalue(), flags=re.DOTALL)


def themed(svg: str, name: str, title: str) -> str:
    """An SVG to be put into the page: no header, ids of its own, colours as variables, no addresses at
    all.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)  # its * would reach the whole page
    svg = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(
        r'width="[\d.]+pt" height="[\d.]+pt"', f'role="img" aria-label="{_escaped(title)}"', svg, count=1
    )
    for shade in ON_DARK:
        svg = svg.replace(shade, f"var({variable(shade)})")
    return svg


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _wrapped(title: str, width: int = 52) -> str:
    lines = [""]
    for word in title.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _dot(axes: Axes, row: float, value_low_high: tuple[float, float, float], shade: str) -> None:
    value, low, high = value_low_high
    axes.plot([low, high], [row, row], color=shade, linewidth=2.2)
    axes.plot([value], [row], "o", color=shade, markersize=5.5, markeredgewidth=0)


def _without(names: Sequence[str], *left_out: str) -> list[str]:
    """The names but those that would squeeze the others into a corner; all, if nothing else is there."""
    return [name for name in names if name not in left_out] or list(names)


def _rows(axes: Axes, names: Sequence[str], *, head: float = 0.75) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.45, -head)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def percents(axes: Axes, which: str, *, sign: str = " %") -> None:
    """Write the numbers of one axis, `x` or `y`, as percentages."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(lambda value, _: f"{100 * value:.4g}{sign}".replace("-", labels.MINUS))


def _whole(last: int) -> list[int]:
    """Tick marks at whole numbers, about eight of them, the first and the last among them."""
    return sorted({*range(1, last + 1, -(-last // 8)), last})


def series(comparison: Comparison, policy: str, stem: str, n: int) -> tuple[Floats, Floats, Floats]:
    """Value, low and high of a numbered measure: float64 [n] each."""
    found = [comparison.interval(policy, f"{stem}_{number}") for number in range(1, n + 1)]
    value, low, high = np.array([(one.value, one.low, one.high) for one in found]).reshape(-1, 3).T
    return value, low, high


def label_ends(axes: Axes, series: dict[str, Floats]) -> None:
    """The name of each line at its right end, pushed apart where lines end close to each other."""
    ends = {name: float(values[-1]) for name, values in series.items() if not np.isnan(values[-1])}
    height = axes.get_ylim()[1] - axes.get_ylim()[0]
    for name, at in _apart(ends, 0.062 * height, floor=0.03 * height).items():
        axes.annotate(
            name, (1, at), (5, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", color=colour(name), annotation_clip=False,
        )  # fmt: skip


def _apart(places: dict[str, float], least: float, *, floor: float) -> dict[str, float]:
    """Places at least so far apart, none below the floor, in the same order, pushed in rounds."""
    names = sorted(places, key=lambda name: (places[name], name))
    at = [places[name] for name in names]
    for _ in range(100):
        at[:1] = [max(place, floor) for place in at[:1]]
        for low in range(len(at) - 1):
            lack = least - (at[low + 1] - at[low])
            if lack > 0:
                at[low], at[low + 1] = at[low] - lack / 2, at[low + 1] + lack / 2
    return dict(zip(names, at, strict=True))
