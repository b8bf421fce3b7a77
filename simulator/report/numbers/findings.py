"""What was found in the data set: the numbers, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.retrieval import Twins, Vote

NEAR = 0.99
"""Cosine of raw pixels from which two pictures count as nearly the same."""

STRICTER = (0.99, 0.993, 0.995, 0.997, 0.999)
NEIGHBOURS = 10
AT_LEAST = 9
"""A label is doubted when so many of so many nearest pictures agree on another one."""


@dataclass(frozen=True)
class Suspects:
    """Training pictures whose label is doubted, the surest first."""

    place: NDArray[np.int64]
    """int64 [n], number of the picture."""
    says: NDArray[np.int64]
    """int64 [n], the label it has."""
    votes: NDArray[np.int64]
    """int64 [n], neighbours that say otherwise."""
    neighbours: NDArray[np.int32]
    """int32 [n, k]."""

    @classmethod
    def among(cls, said: Vote, labels: NDArray[Any]) -> Suspects:
        """The pictures whose neighbours nearly all agree on one label that is not theirs."""
        place = np.flatnonzero((said.winner != labels) & (said.votes >= AT_LEAST))
        place = place[np.argsort(-said.votes[place], kind="stable")]
        return cls(place, said.winner[place], said.votes[place], said.neighbours[place])


@dataclass(frozen=True)
class Findings:
    """Numbers of a data set."""

    data: str
    train_counts: NDArray[np.int64]
    test_counts: NDArray[np.int64]
    levels: NDArray[np.int64]
    """int64 [256], training pixels by grey level."""
    mean: float
    std: float
    ink: NDArray[np.float64]
    """Mean grey level of each training picture."""
    train_labels: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    twins: Twins
    """Of each test picture, among the training pictures."""
    doubles: Sequence[tuple[int, ...]]
    """Groups of training pictures that are the same."""
    suspects: Suspects

    @property
    def near(self) -> NDArray[np.int64]:
        """Test pictures with a near-duplicate in the training set, the nearest first."""
        place = np.flatnonzero(self.twins.cosine >= NEAR)
        return place[np.argsort(-self.twins.cosine[place], kind="stable")]


def document(found: Findings, names: Sequence[str]) -> dict[str, Any]:
    """explore.json."""
    near = found.near
    exact = np.flatnonzero(found.twins.cosine >= 1.0)
    ink = [found.ink[found.train_labels == one] for one in range(len(names))]
    return {
        "schema": 1,
        "data_sha256": found.data,
        "classes": list(names),
        "counts": {"train": found.train_counts.tolist(), "test": found.test_counts.tolist()},
        "pixels": {
            "mean": round(found.mean, 4),
            "std": round(found.std, 4),
            "background_share": round(float(found.levels[0] / found.levels.sum()), 6),
            "levels": found.levels.tolist(),
            "mean_by_class": [round(float(one.mean()), 3) if len(one) else None for one in ink],
            "std_of_means_by_class": [
                round(float(one.std()), 3) if len(one) else None for one in ink
            ],
        },
        "preprocessing": {
            "raw": [0, 255],
            "scaled": [0, 1],
            "normalised": [round(normal(found, level), 4) for level in (0, 255)],
        },
        "near_duplicates": {
            "measure": "cosine of raw pixels, each test picture with its nearest training picture",
            "threshold": NEAR,
            "exact": {
                "count": len(exact),
                "pairs": [_pair(found, place) for place in exact.tolist()],
            },
            "near": {"count": len(near), "pairs": [_pair(found, place) for place in near.tolist()]},
            "count_by_threshold": {
                str(one): int((found.twins.cosine >= one).sum()) for one in STRICTER
            },
            "same_within_train": [list(group) for group in found.doubles],
        },
        "label_suspects": _suspects(found, len(names)),
    }


def _suspects(found: Findings, n_classes: int) -> dict[str, Any]:
    return {
        "measure": (
            f"{AT_LEAST} of the {NEIGHBOURS} nearest training pictures (cosine of PCA-64 of the"
            " pixels) carry one and the same other label"
        ),
        "count": len(found.suspects.place),
        "by_class": (
            np.bincount(found.train_labels[found.suspects.place], minlength=n_classes).tolist()
        ),
        "pictures": [
            {
                "train": int(place),
                "label": int(found.train_labels[place]),
                "neighbours_say": int(says),
                "votes": int(votes),
                "neighbours": neighbours.tolist(),
            }
            for place, says, votes, neighbours in zip(
                found.suspects.place,
                found.suspects.says,
                found.suspects.votes,
                found.suspects.neighbours,
                strict=True,
            )
        ],
    }


def normal(found: Findings, level: int) -> float:
    """A grey level as the network reads it: in standard deviations from the mean."""
    return (level - found.mean) / found.std


def _pair(found: Findings, place: int) -> dict[str, Any]:
    twin = int(found.twins.place[place])
    return {
        "test": int(place),
        "train": twin,
        "cosine": round(float(found.twins.cosine[place]), 6),
        "labels": [int(found.test_labels[place]), int(found.train_labels[twin])],
    }
