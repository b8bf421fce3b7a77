"""What the pictures of all items say before anybody clicked: axes of the catalogue, distances along them.

Everything is a multiple of a power of two, so that products are exact whatever BLAS does with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender import exact
from recommender.search.similarity import STEPS

Floats = NDArray[np.float64]

GRAIN = 2.0**12
"""Numbers that are learned are multiples of 1/GRAIN: float64 then holds their products exactly, in any
order."""

COARSE = 2.0**8
"""Steps of a query's pull; its product with an embedding is exact in float32 as long as it is no longer than
STRETCH."""
STRETCH = 30.0

FEATURES = 24
"""So many principal axes tell an item's style before anybody clicked."""

POOL = 1000
"""So many items of the catalogue, evenly taken, stand for the pictures a shopper might have asked with."""


@dataclass(frozen=True)
class Looks:
    """The pictures as tastes see them.

    embeddings: rounded float32 [n, dim]; centre float64 [dim], of the catalogue. features float64 [n, at most
    FEATURES]: along the principal axes of the catalogue, the first with deviation 1. axes float64 [dim, f]:
    those axes, all that vary, for distances; there an axis varies by the root of its own deviation, so that
    what varies little is not drowned. pool int64: see POOL.
    """

    embeddings: NDArray[np.float32]
    centre: Floats
    features: Floats
    axes: Floats
    pool: NDArray[np.int64]

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], is_candidate: NDArray[np.bool_]) -> Looks:
        """Embeddings rounded float32 [n, dim]; is_candidate bool [n], the catalogue."""
        rows, numbers = embeddings.astype(np.float64), np.flatnonzero(is_candidate)
        n, dim = rows.shape
        if not len(numbers):
            nothing = np.zeros((dim, 1))
            return cls(embeddings, np.zeros(dim), np.zeros((n, 1)), nothing, numbers)
        centre = np.rint(rows[numbers].mean(axis=0) * STEPS) / STEPS
        centred = rows - centre
        value, axes = _principal(centred[numbers])
        features = rounded(centred @ _stepped(axes[:, :FEATURES] / np.sqrt(_first(value))))
        # Of length 3 on the average, the standard deviations as the roots of the axes' own.
        size = 3.0 / np.sqrt(max(float(np.sqrt(value / _first(value)).sum()), 1e-12))
        apart = axes * size / np.sqrt(np.sqrt(value * _first(value)))
        pool = numbers[:: max(1, -(-len(numbers) // POOL))]
        return cls(embeddings, centre, features, _stepped(apart), pool)

    @classmethod
    def none(cls, embeddings: NDArray[np.float32]) -> Looks:
        """For policies that learn no taste."""
        n, dim = embeddings.shape
        nothing = np.zeros((dim, 0))
        return cls(embeddings, np.zeros(dim), np.zeros((n, 0)), nothing, np.zeros(0, dtype=np.int64))

    def places(self, items: NDArray[np.integer]) -> NDArray[np.float32]:
        """Of items [m] along the axes for distances: float32 [m, f]."""
        return np.asarray((self.embeddings[items] - self.centre) @ self.axes, dtype=np.float32)


@dataclass(frozen=True)
class Distance:
    """- 1/2 sum over axes of weight * (difference)^2, as an inner product and two constants.

    bend float64 [dim, dim]: axes diag(weights) axes'. half float64 [n]: what is due to the item alone.
    """

    looks: Looks
    bend: Floats
    half: Floats

    @classmethod
    def of(cls, looks: Looks, weights: Floats) -> Distance:
        """Weights float64 [f], of the axes."""
        bend = rounded((looks.axes * weights) @ looks.axes.T)
        centred = looks.embeddings - looks.centre
        return cls(looks, bend, rounded(-0.5 * ((centred @ bend) * centred).sum(axis=1)))

    def pulls(self, query: NDArray[np.integer]) -> tuple[NDArray[np.float32], Floats]:
        """For queries [m]: rows float32 [m, dim] and constants float64 [m] such that row . embedding_j +
        constant + half_j is the term of the pair.
        """
        centred = self.looks.embeddings[query] - self.looks.centre
        row = np.rint(centred @ self.bend * COARSE) / COARSE
        length = np.sqrt((row * row).sum(axis=1))
        shorter = np.minimum(1.0, STRETCH / np.maximum(length, STRETCH))
        row = np.trunc(row * shorter[:, None] * COARSE) / COARSE
        constant = rounded(-(row * (0.5 * centred + self.looks.centre)).sum(axis=1))
        return row.astype(np.float32), constant


def rounded(numbers: Floats) -> Floats:
    """Multiples of 1/GRAIN."""
    return np.asarray(np.rint(numbers * GRAIN) / GRAIN)


def _principal(inside: Floats) -> tuple[Floats, Floats]:
    """Variances [f], falling, and axes [dim, f], those left out that hardly vary."""
    value, axes = exact.eigen(inside.T @ inside / len(inside))
    kept = value > 1e-5 * max(float(value[0]), 1e-12)
    value, axes = value[kept], axes[:, kept]
    return value, axes * np.sign(axes[np.argmax(np.abs(axes), axis=0), np.arange(axes.shape[1])])


def _first(value: Floats) -> float:
    return float(value[0]) if len(value) else 1.0


def _stepped(axes: Floats) -> Floats:
    return np.asarray(np.rint(axes * STEPS) / STEPS)
