"""How pictures of classes that a network never saw find each other, as JSON and as a chapter of the
page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.evaluation.retrieval import Retrieval
from simulator.report.numbers.retrieval import Mean, Score
from simulator.report.pages.study import Cell, Section, Table

TABLES = {
    "among themselves": "test pictures of the three classes ask each other",
    "among all ten": "the same pictures ask all test pictures, of seen classes too",
    "among themselves, without near-duplicates": (
        "without test pictures that have a near twin in training"
    ),
    "among all ten, without near-duplicates": "the same",
}
SMOOTHED = {"general, neighbours": "general", "pixels, neighbours": "pixels"}
"""Rows whose vectors have beside them their average with the nearest in the gallery, as a search of
an own catalogue does it, and which vectors those are.
"""

ROWS = (
    "embedder",
    "general",
    "general, neighbours",
    "pixels",
    "pixels, neighbours",
    "pca-64",
    "edges-128",
)
BRIEFLY = ("embedder", "general", "general, neighbours", "pixels", "edges-128")
"""Rows that the sentence about each split compares."""

MEANINGS = {
    "embedder": "preset quick: learned to name the other seven",
    "general": "preset general: learned to tell pictures apart, edges beside it",
    "general, neighbours": (
        "as an own catalogue is searched: beside what its neighbourhood averages to"
    ),
    "pixels, neighbours": "pixels searched the same way",
    "pca-64": "64 principal components of the pixels",
    "edges-128": "128 principal components of histograms of edge directions: no labels used",
}

LEADERS = ("embedder", "general", "general, neighbours")
"""Rows that are compared with raw pixels."""


@dataclass(frozen=True)
class Split:
    """Two networks and the classes they were trained without; found: what they retrieved, by table
    and row.

    model: names the network of preset quick; general: that of preset general.
    """

    classes: tuple[str, ...]
    model: str
    general: str
    found: Mapping[str, Mapping[str, Retrieval]]

    def score(self, table: str, row: str) -> Score:
        """Means over the queries of this split."""
        return Score.of(self.found[table][row])

    def lead(self, row: str, table: str) -> float:
        """How far the mean average precision of a row is above that of raw pixels."""
        return _lead(self, row, table)


@dataclass(frozen=True)
class Unseen:
    """All splits."""

    splits: tuple[Split, ...]

    def score(self, table: str, row: str) -> Score:
        """Means over the queries of all splits; splits count by their queries."""
        parts = [split.found[table][row] for split in self.splits]
        return Score.of(
            Retrieval(
                np.concatenate([part.average_precision for part in parts]),
                np.concatenate([part.precision for part in parts]),
            )
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values; lead: mean average precision above that of raw pixels, by row and table."""
        return {
            "splits": [
                {
                    "classes": list(split.classes),
                    "model": split.model,
                    "general": split.general,
                    "tables": _plain(split),
                    "lead": _leads(split),
                }
                for split in self.splits
            ],
            "tables": _plain(self),
            "lead": _leads(self),
        }

    def lead(self, row: str, table: str) -> float:
        """How far the mean average precision of a row is above that of raw pixels."""
        return _lead(self, row, table)


def rows(unseen: Unseen) -> list[list[str]]:
    """In short, for the terminal."""
    short = [table for table in TABLES if "without" not in table]
    head = [
        "unseen classes",
        *(f"{measure}, {table}" for table in short for measure in ("mAP", "P@10")),
    ]
    body = []
    for row in ROWS:
        scores = [unseen.score(table, row) for table in short]
        body.append(
            [row, *(f"{one.value:.4f}" for score in scores for one in (score.map, score.precision))]
        )
    return [head, *body]


def section(unseen: Unseen) -> Section:
    """The chapter of the page."""
    tables = [_table(table, meaning, unseen) for table, meaning in TABLES.items()]
    by_split = [
        (
            ", ".join(split.classes),
            f"{split.model}, {split.general}",
            [_cell(split.score("among themselves", row).map, is_best=False) for row in BRIEFLY],
        )
        for split in unseen.splits
    ]
    each = Table(
        ["Unseen", *(f"{row}, mAP" for row in BRIEFLY)],
        by_split,
        "Each split by itself, its three classes among themselves.",
    )
    return Section(
        "Does it know classes it never saw?",
        [
            (
                f"{len(unseen.splits)} times two networks were trained without three classes; which"
                " ones was drawn, not chosen. Test pictures of those classes then ask for their"
                " like. The embedder of preset quick learned to name the other seven. That of"
                " preset general learned to tell their pictures apart, too, and has edge"
                " histograms beside it; it is what an own catalogue is embedded by, and"
                ' "neighbours" is how it is searched: each vector beside what its neighbourhood'
                " averages to. Principal components come from the pictures the networks were"
                " trained on. Means over the queries of all splits; intervals over queries, for"
                " these networks."
            ),
            _verdict(unseen),
        ],
        [*tables, each],
    )


def _verdict(unseen: Unseen) -> str:
    """What the tables say, in a sentence."""
    named, general, searched = (
        " and ".join(_spread(unseen, row, table) for table in list(TABLES)[:2]) for row in LEADERS
    )
    return (
        "Mean average precision above that of raw pixels, among themselves and among all ten, with"
        f" the least and the most of a split in brackets: {searched} for the general embedder with"
        f" its neighbours, {general} for it alone, {named} for the one that learned names only."
    )


def _spread(unseen: Unseen, row: str, table: str) -> str:
    by_split = [split.lead(row, table) for split in unseen.splits]
    return f"{unseen.lead(row, table):+.3f} ({min(by_split):+.3f} to {max(by_split):+.3f})"


def _lead(scored: Split | Unseen, row: str, table: str) -> float:
    return scored.score(table, row).map.value - scored.score(table, "pixels").map.value


def _leads(scored: Split | Unseen) -> dict[str, dict[str, float]]:
    return {row: {table: scored.lead(row, table) for table in TABLES} for row in LEADERS}


def _table(table: str, meaning: str, unseen: Unseen) -> Table:
    scores = {row: unseen.score(table, row) for row in ROWS}
    best = [
        max(ROWS, key=lambda row: getattr(scores[row], name).value) for name in ("map", "precision")
    ]
    body = [
        (
            row,
            MEANINGS.get(row, "") if table == next(iter(TABLES)) else "",
            [
                _cell(scores[row].map, is_best=row == best[0]),
                _cell(scores[row].precision, is_best=row == best[1]),
            ],
        )
        for row in ROWS
    ]
    note = f"{meaning[0].upper()}{meaning[1:]}. {scores['pixels'].map.n:,} queries."
    return Table([table[0].upper() + table[1:], "mAP", "P@10"], body, note)


def _cell(one: Mean, *, is_best: bool) -> Cell:
    return Cell(f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}", is_best)


def _plain(scored: Split | Unseen) -> dict[str, Any]:
    return {table: {row: scored.score(table, row).to_json() for row in ROWS} for table in TABLES}
