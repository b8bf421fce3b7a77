"""Whether a trained network names its test pictures better than chance, and what is said if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

CHANCE = "chance_accuracy"
"""In a manifest's metrics: the share of the test pictures that have their commonest category."""
UNLIKELY = 0.05
"""How seldom chance alone names so many right, if the network is to be believed."""


def chance_accuracy(labels: NDArray[np.integer[Any]]) -> float:
    """The share that is right for who names everything alike; labels: int [n], n above 0."""
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def verdict(name: str, metrics: Mapping[str, Any], classes: Sequence[str]) -> str:
    """One line for a network that cannot be told from chance; empty for all others, and where
    nothing was tested.

    A one-sided binomial test of the pictures named right, against `chance_accuracy`.
    """
    accuracy = metrics.get("test_accuracy")
    n = metrics.get("test_pictures")
    if accuracy is None or not n or not classes:
        return ""
    chance = metrics.get(CHANCE, 1 / len(classes))
    right = round(accuracy * n)
    if binom.sf(right - 1, n, chance) <= UNLIKELY:
        return ""
    return (
        f"{name} names no better than chance: {right:,} of {n:,} test pictures right, where naming"
        f" all alike gets {round(chance * n):,}; what it finds similar need not look so. Train it"
        " on more pictures or with --weights imagenet, or set WINDOWSHOP_MODEL to another"
    )
