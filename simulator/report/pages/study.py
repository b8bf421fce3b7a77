"""The page of a study, of the data or of the embedder: sections of text, tables and figures in one
file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simulator.report.figures import drawing
from simulator.report.figures.drawing import Chart
from simulator.report.pages.runs import TEMPLATES
from simulator.report.pages.writer import put


@dataclass(frozen=True)
class Cell:
    """One cell of a table; ends: its interval as text."""

    value: str
    ends: str = ""
    is_best: bool = False


@dataclass(frozen=True)
class Table:
    """Rows with a title and a meaning each: (title, meaning, cells)."""

    head: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[Cell]]]
    note: str = ""


@dataclass(frozen=True)
class ShownFigure:
    """A figure and the caption below it."""

    chart: Chart
    caption: str
    is_wide: bool = False
    """Over the whole page."""


@dataclass(frozen=True)
class Section:
    """A chapter of the page: paragraphs, then tables, then figures."""

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[ShownFigure] = ()


@dataclass(frozen=True)
class Study:
    """A whole page."""

    eyebrow: str
    """What it is."""
    headline: str
    """What was found."""
    lead: Sequence[str]
    facts: Sequence[tuple[str, str]]
    """What it was taken from."""
    sections: Sequence[Section]
    command: str
    origin: Sequence[tuple[str, str]] = ()


def write(study: Study, folder: Path, name: str, document: dict[str, Any]) -> Path:
    """Write page, figures and the document as `name`.json into a folder; gives the page's path."""
    shown = [one.chart for section in study.sections for one in section.figures]
    files = {f"figures/{chart.name}.svg": chart.file for chart in shown}
    files["report.html"] = render(study).encode()
    files[f"{name}.json"] = (json.dumps(document, indent=1) + "\n").encode()
    put(folder, files)
    return folder / "report.html"


def render(study: Study) -> str:
    """The page as text: one file, nothing fetched, nothing run."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("study.html.j2").render(
        study=study,
        light={drawing.variable(shade): shade for shade in drawing.ON_DARK},
        dark={drawing.variable(shade): drawing.ON_DARK[shade] for shade in drawing.ON_DARK},
    )
