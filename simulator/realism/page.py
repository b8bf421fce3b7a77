"""The page of realism: in words and numbers, where the simulated shoppers are unlike the real."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from simulator.realism.measures import MEASURES
from simulator.realism.pictures import pictures
from simulator.report.figures.drawing import FAINT, INK, Chart, chart_of, dot
from simulator.report.pages.study import Cell, Section, ShownFigure, Study, Table


def sentences(document: dict[str, Any]) -> list[str]:
    """What is unlike, the surest first, then how well visits are told apart."""
    unlike = [
        f"{title(name, one)}: {_number(one['real'])} in your log,"
        f" {_number(one['simulated'])} simulated ({MEASURES[name].unit});"
        f" distance {_number(one['distance'])} ({_number(one['low'])} to {_number(one['high'])})."
        for name, one in ranked(document)
        if one["is_unlike"]
    ]
    first = next(iter(document["gives_away"]))
    auc = document["auc"]
    return [
        *(unlike or ["No measure alone tells the simulated shoppers from yours."]),
        (
            f"A visit of yours is told from a simulated one, by all its features together, with an"
            f" area under the curve of {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f});"
            f" 0.5 is not at all, 1 is always. What gives most away: {first}."
        ),
        *([f"Not told by this log: {'; '.join(_untold(document))}."] if _untold(document) else []),
    ]


def title(name: str, one: dict[str, Any]) -> str:
    """A measure's name, with the category or place that differs most where there are some."""
    capital = f"{name[:1].upper()}{name[1:]}"
    return f"{capital}, {one['cell']}" if "cell" in one else capital


def _untold(document: dict[str, Any]) -> list[str]:
    """What is not compared, together by the reason."""
    names: dict[str, list[str]] = {}
    for name, why in document["not_told"].items():
        names.setdefault(why, []).append(name)
    return [f"{', '.join(some)} ({why})" for why, some in names.items()]


def ranked(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Measures by how large the distance is beside the real value."""
    found = document["measures"].items()
    return sorted(found, key=lambda one: -one[1]["distance"] / (abs(one[1]["real"]) or 1))


def page(document: dict[str, Any], command: str) -> Study:
    """The page."""
    measures = ranked(document)
    unlike = [name for name, one in measures if one["is_unlike"]]
    visits = document["visits"]
    return Study(
        eyebrow="a real log beside simulated shoppers",
        headline=(
            f"Unlike yours in {len(unlike)} of {len(measures)} measures: first {unlike[0]}."
            if unlike
            else "These shoppers cannot be told from yours by any one measure."
        ),
        lead=sentences(document),
        facts=[
            ("Log", document["file"]),
            ("Visits", f"{visits['real']:,} real, {visits['simulated']:,} simulated"),
        ],
        sections=[*_seen(document), _measures(measures), _away(document)],
        command=command,
        origin=[("sha256 of the log", document["sha256"])],
    )


def _seen(document: dict[str, Any]) -> list[Section]:
    """The distributions as pictures, where there are some."""
    shown = pictures(document)
    return [Section("How they look", figures=shown)] if shown else []


def _measures(measures: list[tuple[str, dict[str, Any]]]) -> Section:
    rows = [
        (
            title(name, one),
            MEASURES[name].unit,
            [
                Cell(_number(one["real"])),
                Cell(_number(one["simulated"])),
                Cell(_number(one["distance"]), _ends(one)),
                Cell("" if one["chance"] is None else _number(one["chance"])),
                Cell("unlike" if one["is_unlike"] else ""),
            ],
        )
        for name, one in measures
    ]
    note = (
        "Means; of popularity the Gini coefficient and the Zipf exponent; of clicks by position and"
        " the category mix the share where both differ most. Distance: Wasserstein, in the unit of"
        " the measure; of the two of popularity the difference; of shares the Kullback-Leibler"
        " divergence, in nats. Small figures: 95 % intervals over shoppers. By chance: the largest"
        " distance of four more simulated shops of this world from the first. Unlike is what lies"
        " above that with its whole interval."
    )
    head = ["Measure", "Yours", "Simulated", "Distance", "By chance", ""]
    return Section("Side by side", tables=[Table(head, rows, note)])


def _away(document: dict[str, Any]) -> Section:
    rows = [(name, "", [Cell(f"{value:.3f}")]) for name, value in document["gives_away"].items()]
    note = "Area under the curve of one feature of a visit alone: 0.5 tells nothing, 1 all."
    return Section(
        "What gives the simulation away",
        tables=[Table(["Feature", "Alone"], rows, note)],
        figures=[ShownFigure(_chart(document), "The line at 0.5: no better than a coin.")],
    )


def _chart(document: dict[str, Any]) -> Chart:
    """How well a feature alone tells visits apart, the best on top; all of them as a bar."""
    shown = [*document["gives_away"].items()][::-1]
    auc = document["auc"]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvline(0.5, color=FAINT, linewidth=0.8, zorder=0)
        for row, (_, value) in enumerate(shown):
            axes.plot([0.5, value], [row, row], color=FAINT, linewidth=2.2)
            axes.plot([value], [row], "o", color=INK, markersize=5.5, markeredgewidth=0)
        top = len(shown)
        dot(axes, top, (auc["value"], auc["low"], auc["high"]), INK)
        axes.set_yticks(range(top + 1), [*(name for name, _ in shown), "all together"])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(0.45, 1.01)
        axes.set_xlabel("area under the curve")

    title = "How well a visit of yours is told from a simulated one"
    return chart_of("told-apart", title, draw, height=0.3 * len(shown) + 1.2)


def _ends(one: dict[str, Any]) -> str:
    """Empty where there is no interval."""
    return "" if one["low"] is None else f"{_number(one['low'])} to {_number(one['high'])}"


def _number(value: float) -> str:
    return f"{value:.3g}"
