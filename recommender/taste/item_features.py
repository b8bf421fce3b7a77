"""What the pictures of all items say before anybody clicked: features of style, and distances.

Everything is a multiple of a power of two, so that products are exact whatever BLAS does with them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender import exact
from recommender.search.similarity import STEPS

Floats = NDArray[np.float64]

GRAIN = 2.0**12
"""Numbers that are learned are multiples of 1/GRAIN: float64 then holds their products exactly, in
any order.
"""

COARSE = 2.0**8
"""Steps of a query's pull; its product with an embedding is exact in float32 as long as it is no
longer than STRETCH.
"""
STRETCH = 30.0

FEATURES = 24
"""So many principal components stand for an item's style before anybody clicked."""

POOL = 1000
"""So many items of the catalogue, evenly taken, stand for the pictures a shopper might have asked
with.
"""


@dataclass(frozen=True)
class ItemFeatures:
    """The pictures of all items as the learning of tastes sees them."""

    embeddings: NDArray[np.float32]
    """[n, dim], rounded."""

    centre: Floats
    """[dim]: mean embedding of the catalogue."""

    features: Floats
    """[n, at most FEATURES]: the catalogue's principal components, the first with deviation 1."""

    components: Floats
    """[dim, f]: directions of all components that vary, scaled for distances.

    Each varies by the root of its own deviation, so that what varies little is not drowned.
    """

    pool: NDArray[np.int64]
    """Item numbers, see POOL."""

    directions: Floats
    """[dim, at most FEATURES]: features are what is left of the centre along these."""

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], is_candidate: NDArray[np.bool_]) -> ItemFeatures:
        """Embeddings rounded float32 [n, dim]; is_candidate bool [n], the catalogue."""
        rows = embeddings.astype(np.float64)
        numbers = np.flatnonzero(is_candidate)
        n, dim = rows.shape
        if not len(numbers):
            nothing = np.zeros((dim, 1))
            return cls(embeddings, np.zeros(dim), np.zeros((n, 1)), nothing, numbers, nothing)
        centre = np.rint(rows[numbers].mean(axis=0) * STEPS) / STEPS
        centred = rows - centre
        value, components = _principal(centred[numbers])
        directions = _stepped(components[:, :FEATURES] / np.sqrt(_first(value)))
        features = rounded(centred @ directions)
        # Of length 3 on the average, the standard deviations as the roots of the components' own.
        size = 3.0 / np.sqrt(max(float(np.sqrt(value / _first(value)).sum()), 1e-12))
        apart = components * size / np.sqrt(np.sqrt(value * _first(value)))
        pool = numbers[:: max(1, -(-len(numbers) // POOL))]
        return cls(embeddings, centre, features, _stepped(apart), pool, directions)

    @classmethod
    def none(cls, embeddings: NDArray[np.float32]) -> ItemFeatures:
        """For policies that learn no taste."""
        n, dim = embeddings.shape
        nothing = np.zeros((dim, 0))
        nobody = np.zeros(0, dtype=np.int64)
        return cls(embeddings, np.zeros(dim), np.zeros((n, 0)), nothing, nobody, nothing)

    def longer(self, embeddings: NDArray[np.float32]) -> ItemFeatures:
        """The same of more items, embeddings rounded float32 [more than n, dim]: style and
        distances stay those of the items there were.
        """
        more = embeddings[len(self.embeddings) :].astype(np.float64) - self.centre
        features = np.concatenate([self.features, rounded(more @ self.directions)])
        return replace(self, embeddings=embeddings, features=features)

    def places(self, items: NDArray[np.integer]) -> NDArray[np.float32]:
        """Of items [m] along the components for distances: float32 [m, f]."""
        return np.asarray(
            (self.embeddings[items] - self.centre) @ self.components, dtype=np.float32
        )


@dataclass(frozen=True)
class Distance:
    """- 1/2 sum over components of weight * (difference)^2, as an inner product and two
    constants.
    """

    item_features: ItemFeatures

    bend: Floats
    """[dim, dim]: components diag(weights) components'."""

    half: Floats
    """[n]: what is due to the item alone."""

    @classmethod
    def of(cls, item_features: ItemFeatures, weights: Floats) -> Distance:
        """Weights float64 [f], of the components."""
        bend = rounded((item_features.components * weights) @ item_features.components.T)
        return cls(item_features, bend, _due(item_features, bend, 0))

    def longer(self, item_features: ItemFeatures) -> Distance:
        """The same of more items, see `ItemFeatures.longer`."""
        more = _due(item_features, self.bend, len(self.half))
        return Distance(item_features, self.bend, np.concatenate([self.half, more]))

    def pulls(self, query: NDArray[np.integer]) -> tuple[NDArray[np.float32], Floats]:
        """For queries [m]: rows float32 [m, dim] and constants float64 [m] such that row .
        embedding_j + constant + half_j is the term of the pair.
        """
        centred = self.item_features.embeddings[query] - self.item_features.centre
        row = np.rint(centred @ self.bend * COARSE) / COARSE
        length = np.sqrt((row * row).sum(axis=1))
        shorter = np.minimum(1.0, STRETCH / np.maximum(length, STRETCH))
        row = np.trunc(row * shorter[:, None] * COARSE) / COARSE
        constant = rounded(-(row * (0.5 * centred + self.item_features.centre)).sum(axis=1))
        return row.astype(np.float32), constant


def _due(item_features: ItemFeatures, bend: Floats, begin: int) -> Floats:
    """What is due to each item alone, from one on."""
    centred = item_features.embeddings[begin:] - item_features.centre
    return rounded(-0.5 * ((centred @ bend) * centred).sum(axis=1))


def rounded(numbers: Floats) -> Floats:
    """Multiples of 1/GRAIN."""
    return np.asarray(np.rint(numbers * GRAIN) / GRAIN)


def _principal(inside: Floats) -> tuple[Floats, Floats]:
    """Variances [f], falling, and directions [dim, f] of the components that vary."""
    value, components = exact.eigen(inside.T @ inside / len(inside))
    kept = value > 1e-5 * max(float(value[0]), 1e-12)
    value = value[kept]
    components = components[:, kept]
    strongest = components[np.argmax(np.abs(components), axis=0), np.arange(components.shape[1])]
    return value, components * np.sign(strongest)


def _first(value: Floats) -> float:
    return float(value[0]) if len(value) else 1.0


def _stepped(components: Floats) -> Floats:
    return np.asarray(np.rint(components * STEPS) / STEPS)
