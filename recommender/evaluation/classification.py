"""How well the network names classes: accuracy, precision, recall and F1 by class, confusion,
calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Classification:
    """Measures of one set of guesses. NaN: precision of a class never guessed, recall of one
    without items.

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
    """How often a class (row) was taken for another (column); ValueError for labels that are no
    class.
    """
    if truth.shape != guesses.shape or truth.ndim != 1:
        raise ValueError(
            f"one guess a label is wanted, found {guesses.shape} guesses for {truth.shape} labels"
        )
    for name, labels in (("labels", truth), ("guesses", guesses)):
        if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
            raise ValueError(
                f"{name} must lie in 0..{n_classes - 1}, found {labels.min()}..{labels.max()}"
            )
    cells = truth.astype(np.int64) * n_classes + guesses
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes).astype(np.int64)


def classification(truth: Labels, guesses: Labels, n_classes: int) -> Classification:
    """All measures; ValueError when there is nothing to measure."""
    if not truth.size:
        raise ValueError("no labels to compare with")
    confusion = confusion_matrix(truth, guesses, n_classes)
    right = np.diag(confusion).astype(np.float64)
    n_true = confusion.sum(1)
    n_guessed = confusion.sum(0)
    return Classification(
        accuracy=float(right.sum() / truth.size),
        precision=_ratio(right, n_guessed),
        recall=_ratio(right, n_true),
        f1=_ratio(2 * right, n_true + n_guessed),
        confusion=confusion,
    )


@dataclass(frozen=True)
class Calibration:
    """Does a guess made with 80 % confidence hold in 80 % of cases? Bins of equal width over
    confidence.
    """

    edges: NDArray[np.float64]
    """float64 [n_bins + 1]."""
    count: NDArray[np.int64]
    """int64 [n_bins], guesses in each bin."""
    confidence: NDArray[np.float64]
    """float64 [n_bins], mean; NaN where the bin is empty."""
    accuracy: NDArray[np.float64]
    """float64 [n_bins], mean; NaN where the bin is empty."""
    error: float
    """Expected calibration error: |accuracy - confidence| averaged over guesses (Guo et al. 2017,
    "On calibration of modern neural networks").
    """

    def to_json(self) -> dict[str, Any]:
        """Plain values; null in empty bins."""
        columns = (self.edges[:-1], self.edges[1:], self.count, self.confidence, self.accuracy)
        names = ("low", "high", "n", "confidence", "accuracy")
        rows = zip(*(column.tolist() for column in columns), strict=True)
        bins = [{name: _plain(one) for name, one in zip(names, row, strict=True)} for row in rows]
        return {"expected_error": self.error, "bins": bins}


def probabilities(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Softmax of logits [n, n_classes], in float64."""
    return np.asarray(special.softmax(logits.astype(np.float64), axis=1))


def calibration(truth: Labels, chances: NDArray[np.float64], *, bins: int = 15) -> Calibration:
    """Confidence against accuracy; chances: float64 [n, n_classes], rows that sum to 1.

    A bin holds its upper edge, not its lower. Raises ValueError when there is nothing to measure.
    """
    if not truth.size or len(chances) != len(truth):
        raise ValueError(
            f"one row of chances a label is wanted, found {len(chances)} for {truth.size}"
        )
    sure = chances.max(1)
    is_right = (chances.argmax(1) == truth).astype(np.float64)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins).astype(np.int64)
    sums = [
        np.bincount(place, weights=values, minlength=bins).astype(np.float64)
        for values in (sure, is_right)
    ]
    error = float(np.abs(sums[1] - sums[0]).sum() / len(truth))
    return Calibration(edges, count, _ratio(sums[0], count), _ratio(sums[1], count), error)


def wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    found = stats.binomtest(right, n).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean of independent values and the ends of its 95 % interval (Student); ends NaN for fewer
    than two.
    """
    mean = float(values.mean()) if len(values) else float("nan")
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return mean, mean - half, mean + half


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value


def _ratio(part: NDArray[np.float64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    undefined = np.full(len(part), np.nan)
    np.divide(part, whole, out=undefined, where=whole > 0)
    return undefined
