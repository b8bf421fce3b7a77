"""What was measured of the embedder, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.classification import Calibration, Classification
from simulator.report.numbers.embedder.retrieval import Score
from simulator.report.numbers.embedder.unseen_classes import Unseen
from simulator.report.numbers.findings import NEAR

TABLES = {
    "test against train": "each test picture asks the training pictures",
    "test against train, without near-duplicates": (
        "the same, without test pictures that have a near twin among them"
    ),
    "test against test": (
        "each test picture asks the other test pictures, which the network never trained on"
    ),
    "test against test, without near-duplicates": "the same, without those pictures on either side",
}


ROWS = {
    "embedder": "cosine of the embeddings",
    "pixels": "cosine of the raw pixels: nothing learned",
    "pca-64": "64 principal components of the training pixels: no labels used",
    "edges-128": "128 principal components of histograms of edge directions: no labels used",
    "label code": "only the class the network guesses; order within it by lot, averaged",
}


@dataclass(frozen=True)
class Evaluation:
    """All measures of one embedder."""

    classification: Classification

    interval: tuple[float, float]
    """Where its accuracy on the test pictures lies with 95 % confidence."""

    calibration: Calibration

    ten_views: tuple[float, float, float]
    """Accuracy by the mean logits of ten views a picture, and its interval."""

    train_accuracy: float

    without_near: tuple[float, float, float]
    """Accuracy without test pictures that are near-duplicates of training, and its interval."""

    is_near: NDArray[np.bool_]
    """[n_test]: which test pictures are near-duplicates of training."""

    n_test: int

    n_train: int

    n_queries: int

    tables: Mapping[str, Mapping[str, Score]]
    """Retrieval, by table and row."""

    unseen: Unseen | None = None
    """Of unseen classes; None when they were not asked for."""

    @property
    def n_near(self) -> int:
        """How many test pictures count as near-duplicates."""
        return int(self.is_near.sum())

    @property
    def best_known(self) -> Score:
        """The embedder, test against train."""
        return self.tables["test against train"]["embedder"]


def document(
    found: Evaluation, names: Sequence[str], n_parameters: int, origin: Mapping[str, str]
) -> dict[str, Any]:
    """evaluate.json, and the answer of the command."""
    best = found.best_known
    low, high = found.interval
    share, share_low, share_high = found.without_near
    by_ten, ten_low, ten_high = found.ten_views
    return {
        "schema": 1,
        **origin,
        "parameters": n_parameters,
        "accuracy": found.classification.accuracy,
        "accuracy_interval": {"low": low, "high": high, "n": found.n_test},
        "accuracy_of_ten_views": {
            "value": by_ten,
            "low": ten_low,
            "high": ten_high,
            "n": found.n_test,
        },
        "accuracy_without_near_duplicates": {
            "value": share,
            "low": share_low,
            "high": share_high,
            "n": found.n_test - found.n_near,
        },
        "train_accuracy": found.train_accuracy,
        "retrieval": {"map": best.map.value, "p@10": best.precision.value},
        "queries": found.n_queries,
        "near_duplicates": {"threshold": NEAR, "test_pictures": found.n_near},
        "tables": {
            table: {row: score.to_json() for row, score in scores.items()}
            for table, scores in found.tables.items()
        },
        "classes": list(names),
        "classification": found.classification.to_json(),
        "calibration": found.calibration.to_json(),
        "unseen_classes": found.unseen.to_json() if found.unseen else None,
    }
