"""Retrieval as two means over queries, each with its interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recommender.evaluation.classification import mean_interval
from recommender.evaluation.retrieval import Retrieval


@dataclass(frozen=True)
class Mean:
    """A mean over queries with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Score:
    """Mean average precision over the whole gallery, and precision among the first ten."""

    map: Mean
    precision: Mean

    @classmethod
    def of(cls, found: Retrieval) -> Score:
        """The means over queries that have something to find."""
        means = []
        for values in (found.average_precision, found.precision):
            defined = values[~np.isnan(values)]
            means.append(Mean(*mean_interval(defined), len(defined)))
        return cls(*means)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"map": asdict(self.map), "p@10": asdict(self.precision)}
