"""How pictures of classes that a network never saw find each other, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.evaluation.retrieval import Retrieval
from simulator.report.numbers.embedder.retrieval import Score

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

LEADERS = ("embedder", "general", "general, neighbours")
"""Rows that are compared with raw pixels."""


@dataclass(frozen=True)
class Split:
    """Two networks and the classes they were trained without."""

    classes: tuple[str, ...]
    model: str
    """Name of the network of preset quick."""
    general: str
    """Name of that of preset general."""
    found: Mapping[str, Mapping[str, Retrieval]]
    """What they retrieved, by table and row."""

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


def _lead(scored: Split | Unseen, row: str, table: str) -> float:
    return scored.score(table, row).map.value - scored.score(table, "pixels").map.value


def _leads(scored: Split | Unseen) -> dict[str, dict[str, float]]:
    return {row: {table: scored.lead(row, table) for table in TABLES} for row in LEADERS}


def _plain(scored: Split | Unseen) -> dict[str, Any]:
    return {table: {row: scored.score(table, row).to_json() for row in ROWS} for table in TABLES}
