"""The one page of the report: what the template is filled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from recommender.registry import POLICIES, REFERENCES
from simulator.report.figures import arrivals, charts, drawing, weeks
from simulator.report.figures.drawing import Chart
from simulator.report.figures.slate_grids import SlateGrid
from simulator.report.numbers import formulas
from simulator.report.numbers.comparison import Comparison, undefined
from simulator.report.numbers.over_time.weeks import whole_weeks
from simulator.report.numbers.panel import Panel, RunData
from simulator.report.numbers.segments.gaps import SegmentGap
from simulator.report.pages import segments, without_luck
from simulator.report.text import labels, over_time, sentences
from simulator.report.text.sentences import Subjects
from simulator.world.world_file import shown

_SHORT = 20  # of a hash; the whole one is in the details at the end
TEMPLATES = Path(__file__).parents[1] / "templates"


@dataclass(frozen=True)
class MeasuredCell:
    """One number of a table with its interval, as text."""

    value: str
    ends: str
    n: str
    is_best: bool = False


def render(
    comparison: Comparison,
    figures: Sequence[Chart],
    slate_grids: Sequence[SlateGrid],
    *,
    runs: Sequence[RunData],
    subjects: Subjects,
    by_segment: Sequence[SegmentGap] = (),
    command: str = "",
) -> str:
    """The page as text: one file, nothing fetched, nothing run."""
    first = runs[0]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        claim=sentences.claim(comparison, subjects),
        headline=sentences.headline(comparison, subjects, first.days),
        beside=sentences.beside(comparison, subjects),
        unfinished=over_time.unfinished(comparison),
        subjects=subjects,
        comparison=comparison,
        facts=facts(runs),
        provenance=provenance(runs),
        policy_labels={name: one.label for name, one in POLICIES.items()},
        short=short_table(comparison),
        leading=leading(comparison, subjects),
        left_out=left_out(comparison, subjects),
        has_cosines=first.embeddings is not None,
        full=full_table(comparison),
        apart=differences_table(comparison, subjects),
        segments=segments.tables(by_segment),
        segments_said=segments.sentence(by_segment, subjects.focus, subjects.reference or ""),
        without_luck=without_luck.table(comparison, subjects),
        charts={chart.name: chart for chart in figures},
        slate_grids=slate_grids,
        undefined=undefined(comparison),
        late=sentences.late_days(first.days),
        command=command,
        light={drawing.variable(shade): shade for shade in drawing.ON_DARK},
        dark={drawing.variable(shade): drawing.ON_DARK[shade] for shade in drawing.ON_DARK},
        colour={policy: drawing.variable(drawing.colour(policy)) for policy in comparison.policies},
    )


def draw(comparison: Comparison, panels: Sequence[Panel], subjects: Subjects) -> list[Chart]:
    """Every figure that these runs can fill, in the order of the page."""
    first = panels[0]
    k = first.k
    days = first.run.days
    drawn = []
    if subjects.reference is not None:
        drawn.append(charts.policies(comparison, title=sentences.policies(comparison, subjects)))
        title = sentences.differences(comparison, subjects)
        drawn.append(charts.differences(comparison, subjects.reference, title=title))
    if days > 1:
        drawn.append(
            charts.learning(comparison, days, title=sentences.learning(comparison, subjects, days))
        )
    n_weeks = whole_weeks(days)
    if n_weeks:
        drawn.append(weeks.chart(comparison, n_weeks, title=over_time.weeks(comparison, n_weeks)))
    if first.run.config.get("arrivals") and days > 1:
        drawn.append(arrivals.chart(comparison, days))
    curves = {
        policy: charts.lorenz(
            [formulas.exposures(p).astype(float) for p in panels if p.run.policy == policy]
        )
        for policy in comparison.policies
    }
    return [
        *drawn,
        charts.funnel(comparison, title=sentences.funnel(comparison, subjects)),
        charts.positions(comparison, k, title=sentences.positions(comparison, subjects, k)),
        charts.exposure(comparison, curves, title=sentences.exposure(comparison, subjects)),
    ]


def short_table(comparison: Comparison) -> list[tuple[str, str, dict[str, MeasuredCell]]]:
    """The measures that matter most: (title, meaning, policy -> cell); the best that is not the
    oracle is marked.
    """
    rows = []
    for metric in labels.headlines(
        name for found in comparison.policies.values() for name in found
    ):
        known = labels.of(metric)
        cells = _cells(comparison, metric)
        values = {
            p: comparison.interval(p, metric).value
            for p in comparison.policies
            if p not in REFERENCES
        }
        best = best_of(values, known.better)
        marked = {
            p: MeasuredCell(cell.value, cell.ends, cell.n, is_best=p == best)
            for p, cell in cells.items()
        }
        rows.append((known.title, known.meaning, marked))
    return rows


def best_of(values: Mapping[str, float], better: str | None) -> str | None:
    """The policy with the best value; None where there is no choice, or neither more nor less is
    better.
    """
    if better is None or len(values) < 2:
        return None
    sign = 1 if better == "more" else -1
    return max(values, key=lambda policy: sign * values[policy])


def leading(comparison: Comparison, subjects: Subjects) -> list[str]:
    """The policies with those of the headline first: on a phone the others are a swipe away."""
    first = [name for name in (subjects.focus, subjects.reference) if name is not None]
    return [*first, *(name for name in comparison.policies if name not in first)]


def left_out(comparison: Comparison, subjects: Subjects) -> str:
    """The policies that the figure of differences leaves to the tables, in words; empty if there
    are none.
    """
    if subjects.reference is None:
        return ""
    drawn = {*charts.near(comparison, subjects.reference), subjects.reference}
    missing = [name for name in comparison.policies if name not in drawn]
    return labels.joined(missing) if missing else ""


def full_table(comparison: Comparison) -> list[tuple[str, str, str, dict[str, MeasuredCell]]]:
    """Every measure: (name in metrics.json, title, meaning, policy -> cell)."""
    names = dict.fromkeys(name for metrics in comparison.policies.values() for name in metrics)
    return [
        (
            name,
            labels.title(name, are_clusters=comparison.are_clusters),
            labels.of(name).meaning,
            _cells(comparison, name),
        )
        for name in names
    ]


def differences_table(comparison: Comparison, subjects: Subjects) -> list[dict[str, str]]:
    """Focus minus reference in every measure, with interval and p."""
    rows = []
    for found in comparison.differences:
        if subjects.reference is None or {found.a, found.b} != {subjects.focus, subjects.reference}:
            continue
        unit = labels.of(found.metric).unit
        gap = comparison.gap(subjects.focus, subjects.reference, found.metric)
        rows.append(
            {
                "name": found.metric,
                "title": labels.title(found.metric, are_clusters=comparison.are_clusters),
                "value": (
                    labels.gap(gap.value, unit)
                    + (" points" if unit == "share" and gap.value == gap.value else "")
                ),
                "ends": labels.interval(gap, unit),
                "p": labels.chance(gap.p),
                "claim": ("more" if gap.value > 0 else "less") if found.is_beyond_chance else "",
                "role": found.role,
                "p_adjusted": labels.chance(found.p_adjusted),
            }
        )
    return rows


def facts(runs: Sequence[RunData]) -> list[tuple[str, str]]:
    """What was run, for people: sizes, world, seeds, and the hashes to know it by."""
    first = runs[0]
    seeds = sorted({run.seed for run in runs})
    sessions = [len(set(run.events.rows["session"].tolist())) for run in runs]
    return [
        ("Policies", ", ".join(dict.fromkeys(run.policy for run in runs))),
        ("World", _world(first)),
        (
            "Catalogue",
            f"{first.n_items:,} items, {len(first.item_ids) - first.n_items:,} query images",
        ),
        *([("Categories", f"{labels.FROM_CLUSTERS}, not labels")] if first.are_clusters else []),
        ("Shoppers", f"{first.n_shoppers:,}"),
        ("Days", str(first.days)),
        ("Sessions", f"{sum(sessions):,} in all"),
        ("Events", f"{sum(len(run.events) for run in runs):,} in all"),
        ("Seed" if len(seeds) == 1 else "Seeds", ", ".join(map(str, seeds))),
        *(
            (title, str(first.provenance[name])[:_SHORT])
            for title, name in (
                ("Model", "model"),
                ("Data", "data_sha256"),
                ("Preset", "preset_sha256"),
            )
            if name in first.provenance
        ),
    ]


def provenance(runs: Sequence[RunData]) -> list[tuple[str, str]]:
    """Where the numbers come from, for machines and auditors."""
    rows = [("runs", ", ".join(f"{run.policy} {run.seed}: {run.run}" for run in runs))]
    rows += [
        (name.replace("_", " "), _flat(value))
        for name, value in runs[0].provenance.items()
        if name != "timings"
    ]
    return [*rows, ("config", _flat(runs[0].config))]


def _world(run: RunData) -> str:
    """The name of the preset, or of the file that the world's numbers came from."""
    world = run.config.get("world", "unnamed")
    return shown(str(world.get("preset", "unnamed") if isinstance(world, dict) else world))


def _cells(comparison: Comparison, metric: str) -> dict[str, MeasuredCell]:
    unit = labels.of(metric).unit
    cells = {}
    for policy in comparison.policies:
        found = comparison.interval(policy, metric)
        cells[policy] = MeasuredCell(
            labels.number(found.value, unit), labels.interval(found, unit), f"{found.n:,}"
        )
    return cells


def _flat(value: Any) -> str:
    """A nested value on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_flat(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_flat(inner) for inner in value)
    return str(value)
