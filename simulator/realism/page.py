"""The page of realism: in words and numbers, where the simulated shoppers are unlike the real."""

from __future__ import annotations

from typing import Any

from simulator.realism.measures import MEASURES
from simulator.report.pages.study import Cell, Section, Study, Table


def sentences(document: dict[str, Any]) -> list[str]:
    """What is unlike, the surest first, then how well visits are told apart."""
    unlike = [
        f"{name}: {_number(one['real'])} in your log, {_number(one['simulated'])} simulated"
        f" ({MEASURES[name].unit}); distance {_number(one['distance'])}"
        f" ({_number(one['low'])} to {_number(one['high'])})."
        for name, one in ranked(document)
        if one["low"]
    ]
    first = next(iter(document["gives_away"]))
    auc = document["auc"]
    return [
        *(unlike or ["No measure tells the simulated shoppers from yours."]),
        (
            f"A visit of yours is told from a simulated one with an area under the curve of"
            f" {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f}); 0.5 is not at all, 1 is"
            f" always. What gives most away: {first}."
        ),
    ]


def ranked(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Measures by how large the distance is beside the real value."""
    found = document["measures"].items()
    return sorted(found, key=lambda one: -one[1]["distance"] / (abs(one[1]["real"]) or 1))


def page(document: dict[str, Any], command: str) -> Study:
    """The page."""
    measures = ranked(document)
    unlike = [name for name, one in measures if one["low"]]
    visits = document["visits"]
    return Study(
        eyebrow="a real log beside simulated shoppers",
        headline=(
            f"Unlike yours in {len(unlike)} of {len(measures)} measures"
            f"{': first ' + unlike[0] if unlike else ''}."
        ),
        lead=sentences(document),
        facts=[
            ("Log", document["file"]),
            ("Visits", f"{visits['real']:,} real, {visits['simulated']:,} simulated"),
        ],
        sections=[_measures(measures), _away(document)],
        command=command,
        origin=[("sha256 of the log", document["sha256"])],
    )


def _measures(measures: list[tuple[str, dict[str, Any]]]) -> Section:
    rows = [
        (
            name,
            MEASURES[name].unit,
            [
                Cell(_number(one["real"])),
                Cell(_number(one["simulated"])),
                Cell(_number(one["distance"]), _ends(one)),
            ],
        )
        for name, one in measures
    ]
    note = (
        "Means, and of popularity the Gini coefficient. Distance: Wasserstein, in the unit of the"
        " measure; of the Gini the difference. Small figures: 95 % intervals over shoppers; they"
        " say nothing of another simulated shop. What your log does not record is left out."
    )
    head = ["RealismMeasure", "Yours", "Simulated", "Distance"]
    return Section("Side by side", tables=[Table(head, rows, note)])


def _away(document: dict[str, Any]) -> Section:
    rows = [(name, "", [Cell(f"{value:.3f}")]) for name, value in document["gives_away"].items()]
    note = "Area under the curve of one feature of a visit alone: 0.5 tells nothing, 1 all."
    return Section(
        "What gives the simulation away", tables=[Table(["Feature", "Alone"], rows, note)]
    )


def _ends(one: dict[str, Any]) -> str:
    """Empty where there is no interval."""
    return "" if one["low"] is None else f"{_number(one['low'])} to {_number(one['high'])}"


def _number(value: float) -> str:
    return f"{value:.3g}"
