"""How well the network names classes: accuracy, precision, recall and F1 by class, the confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Classification:
    """Measures of one set of guesses. NaN: precision of a class never guessed, recall of one without items.

    confusion: int64 [n_classes, n_classes], truth by guess.
    """

    accuracy: float
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    confusion: NDArray[np.int64]

    def to_json(self) -> dict[str, Any]:
        """Plain values; null where a measure is undefined."""
        by_class = {
            name: [None if np.isnan(value) else float(value) for value in getattr(self, name)]
            for name in ("precision", "recall", "f1")
        }
        return {"accuracy": self.accuracy, **by_class, "confusion": self.confusion.tolist()}


def confusion_matrix(truth: Labels, guesses: Labels, n_classes: int) -> NDArray[np.int64]:
    """How often a class (row) was taken for another (column); ValueError for labels that are no class."""
    if truth.shape != guesses.shape or truth.ndim != 1:
        raise ValueError(
            f"one guess a label is wanted, found {guesses.shape} guesses for {truth.shape} labels"
        )
    for name, labels in (("labels", truth), ("guesses", guesses)):
        if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
            raise ValueError(f"{name} must lie in 0..{n_classes - 1}, found {labels.min()}..{labels.max()}")
    cells = truth.astype(np.int64) * n_classes + guesses
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes).astype(np.int64)


def classification(truth: Labels, guesses: Labels, n_classes: int) -> Classification:
    """All measures; ValueError when there is nothing to measure."""
    if not truth.size:
        raise ValueError("no labels to compare with")
    confusion = confusion_matrix(truth, guesses, n_classes)
    right = np.diag(confusion).astype(np.float64)
    n_true, n_guessed = confusion.sum(1), confusion.sum(0)
    return Classification(
        accuracy=float(right.sum() / truth.size),
        precision=_ratio(right, n_guessed),
        recall=_ratio(right, n_true),
        f1=_ratio(2 * right, n_true + n_guessed),
        confusion=confusion,
    )


def _ratio(part: NDArray[np.float64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    undefined = np.full(len(part), np.nan)
    np.divide(part, whole, out=undefined, where=whole > 0)
    return undefined
