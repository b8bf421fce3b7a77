"""How charts are drawn: colours, style, and SVG with text as text, once for the page and once as a
file.
"""

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

from recommender.registry import POLICIES
from simulator.report.numbers.comparison import Comparison
from simulator.report.text import labels

Floats = NDArray[np.float64]

INK = "#1c2024"
FAINT = "#8b9199"
COLOURS = {name: one.colour for name, one in POLICIES.items()}
"""After Okabe and Ito, darkened until text in them is readable on white; ON_DARK has the dark
page's.
"""

ON_DARK = {INK: "#e6e8ea", FAINT: "#7d858d"} | {
    one.colour: one.on_dark for one in POLICIES.values()
}
"""The same colours on a dark page."""

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
    """One figure, drawn twice."""

    name: str
    title: str
    inline: str  # SVG for the page: transparent, colours as CSS variables
    file: bytes  # SVG that stands alone


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
        return Chart(
            name, title, themed(inline, name, title), _svg(figure, transparent=False).encode()
        )


def _svg(figure: Figure, *, transparent: bool) -> str:
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", transparent=transparent, metadata={"Date": None, "Creator": None}
    )
    return re.sub(r"\s*<metadata>.*?</metadata>", "", buffer.getvalue(), flags=re.DOTALL)


def themed(svg: str, name: str, title: str) -> str:
    """An SVG to be put into the page: no header, ids of its own, colours as variables, no addresses
    at all.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)  # its * would reach the whole page
    svg = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(
        r'width="[\d.]+pt" height="[\d.]+pt"',
        f'role="img" aria-label="{_escaped(title)}"',
        svg,
        count=1,
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


def dot(axes: Axes, row: float, value_low_high: tuple[float, float, float], shade: str) -> None:
    """A value on a row, with its interval as a line."""
    value, low, high = value_low_high
    axes.plot([low, high], [row, row], color=shade, linewidth=2.2)
    axes.plot([value], [row], "o", color=shade, markersize=5.5, markeredgewidth=0)


def name_rows(axes: Axes, names: Sequence[str], *, head: float = 0.75) -> None:
    """One name a row, the first on top; head: room above it, in rows."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.45, -head)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def percents(axes: Axes, which: str, *, sign: str = " %") -> None:
    """Write the numbers of one axis, `x` or `y`, as percentages."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(mpl.ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(lambda value, _: f"{100 * value:.4g}{sign}".replace("-", labels.MINUS))


def series(comparison: Comparison, policy: str, stem: str, n: int) -> tuple[Floats, Floats, Floats]:
    """Value, low and high of a numbered measure: float64 [n] each."""
    found = [comparison.interval(policy, f"{stem}_{number}") for number in range(1, n + 1)]
    value, low, high = np.array([(one.value, one.low, one.high) for one in found]).reshape(-1, 3).T
    return value, low, high


def label_ends(axes: Axes, series: dict[str, Floats], *, apart: float = 0.062) -> None:
    """The name of each line at its right end, pushed apart where lines end close to each other.

    apart: how far at least, as a share of the height of the axes.
    """
    ends = {name: float(values[-1]) for name, values in series.items() if not np.isnan(values[-1])}
    height = axes.get_ylim()[1] - axes.get_ylim()[0]
    for name, at in _apart(ends, apart * height, floor=0.03 * height).items():
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
