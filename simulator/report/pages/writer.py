"""Writes a report into a run directory: metrics.json, segments.json of a pair, report.html and the
figures, all of them or none.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import DataError
from simulator.report.figures.slate_grids import SlateGrid, slate_grids
from simulator.report.numbers.comparison import compare_runs, dump, to_json
from simulator.report.numbers.panel import Panel, RunData, lay_out
from simulator.report.numbers.primary import DEFAULT, Primary
from simulator.report.numbers.segments import gaps
from simulator.report.numbers.statistics import Interval
from simulator.report.pages.runs import draw, render
from simulator.report.text import labels, over_time, sentences
from simulator.report.text.sentences import Subjects

GRID_POLICIES = 3
"""Policies in a picture grid, so that a row fits a screen."""


@dataclass(frozen=True)
class Headline:
    """What the command line tells of a report. rows: the header first, then a row per policy."""

    sentence: str
    rows: list[list[str]]
    interval_of: str
    path: Path
    metrics: dict[str, Any]
    caution: str = ""


def write_report(
    runs: Sequence[RunData],
    folder: Path,
    *,
    primary: Primary = DEFAULT,
    command: str = "",
) -> Headline:
    """Measure the runs (policies by seeds) and write their report; what else stands in the folder
    is left alone.

    primary: what decides, and whom the sentences are about; command: the one that makes these runs
    again.
    Raises UsageError for runs that do not fit together, DataError when the folder cannot be
    written.
    """
    panels = [lay_out(run) for run in runs]
    comparison = compare_runs(panels, primary)
    primary.require_among(comparison.policies)
    subjects = sentences.subjects_of(comparison, primary.pair)
    panels.sort(
        key=lambda panel: (list(comparison.policies).index(panel.run.policy), panel.run.seed)
    )
    by_segment = _segments(panels, subjects)
    charts = draw(comparison, panels, subjects)
    html = render(
        comparison,
        charts,
        _slate_grids(panels, subjects),
        runs=[panel.run for panel in panels],
        subjects=subjects,
        by_segment=by_segment,
        command=command,
    )
    files = {f"figures/{chart.name}.svg": chart.file for chart in charts}
    files |= {"report.html": html.encode(), "metrics.json": dump(comparison)}
    if subjects.reference is not None:
        n_seeds = len(comparison.seeds)
        told = gaps.dump(by_segment, subjects.focus, subjects.reference, n_seeds=n_seeds)
        files |= {"segments.json": told}
    put(folder, files)
    metrics = to_json(comparison)
    return Headline(
        sentences.headline(comparison, subjects, panels[0].run.days),
        headline_table(metrics),
        comparison.interval_of,
        folder / "report.html",
        metrics,
        " ".join(filter(None, [comparison.caution, over_time.unfinished(comparison)])),
    )


def headline_table(metrics: Mapping[str, Any]) -> list[list[str]]:
    """The short table of a `metrics.json`: the header, then a row per policy, each cell a value
    with its interval.
    """
    policies = {name: found["metrics"] for name, found in metrics["policies"].items()}
    chosen = labels.headlines(name for found in policies.values() for name in found)
    rows = [["policy", *chosen]]
    for policy, found in policies.items():
        rows.append([policy, *(_cell(name, found.get(name)) for name in chosen)])
    return rows


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder: all are written beside it first, then renamed into place one by
    one.
    """
    parked: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        parked = Path(tempfile.mkdtemp(prefix=".report-", dir=folder))
        for name, content in files.items():
            (parked / name).parent.mkdir(exist_ok=True)
            (parked / name).write_bytes(content)
        for name in files:
            (folder / name).parent.mkdir(exist_ok=True)
            (parked / name).replace(folder / name)
    except OSError as error:
        raise DataError(
            f"wanted to write the report into {folder}, found: {error.strerror or error}; "
            "make room, or set WINDOWSHOP_RUNS or --runs to a folder with room, then call again"
        ) from error
    finally:
        if parked is not None:
            shutil.rmtree(parked, ignore_errors=True)


def _slate_grids(panels: Sequence[Panel], subjects: Subjects) -> list[SlateGrid]:
    """Picture grids of the first seed: reference, focus, and one more where there is one."""
    seed = min(panel.run.seed for panel in panels if panel.run.policy == subjects.focus)
    named = {panel.run.policy: panel for panel in panels if panel.run.seed == seed}
    wanted = [subjects.reference, "cf", subjects.focus] if subjects.reference else [subjects.focus]
    chosen = [named[name] for name in dict.fromkeys(wanted) if name in named][:GRID_POLICIES]
    reference = subjects.reference if subjects.reference in named else None
    return slate_grids(chosen, focus=subjects.focus, reference=reference)


def _segments(panels: Sequence[Panel], subjects: Subjects) -> list[gaps.SegmentGap]:
    """Focus minus reference by segment; empty where one policy stands alone."""
    if subjects.reference is None:
        return []
    return gaps.compare_segments(panels, subjects.focus, subjects.reference)


def _cell(metric: str, found: Mapping[str, Any] | None) -> str:
    nan = float("nan")
    held = found or {}
    value, low, high = (
        nan if held.get(name) is None else float(held[name]) for name in ("value", "low", "high")
    )
    unit = labels.of(metric).unit
    ends = labels.interval(Interval(value, low, high, 0), unit)
    return labels.number(value, unit) + (f" ({ends})" if ends else "")
