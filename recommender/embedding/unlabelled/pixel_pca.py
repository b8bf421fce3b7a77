"""An embedder without labels: the principal components of pixels (PCA). It needs no TensorFlow.

It stands in the report to show what of a policy's rate comes from the labels that trained the
network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.embedding import checkpoint
from recommender.embedding.batches import Embedding, Outputs, Pixels, Shapes
from recommender.evaluation.retrieval import PixelComponents

NAME = "pca-64"
N_COMPONENTS = 64
RUNTIME = "numpy"
"""The arithmetic in an embedding's key. No version of it is named: here the products are exact, and
in edge histograms what their order leaves is rounded off.
"""

_GRAIN = 2.0**23
_BATCH = 1024


class PixelPcaEmbedder(Embedding):
    """Unit rows of the pixels' principal components, the same bytes for a picture in any batch."""

    def __init__(self, mean: NDArray[np.float32], components: NDArray[np.float32]) -> None:
        """mean: float32 [size * size], grey levels.

        components: float32 [size * size, dim], multiples of 2^-23.
        """
        columns = components.astype(np.float64)
        # Grey levels are whole, components multiples of 2^-23: their products are exact in any
        # order.
        origin = np.rint((mean.astype(np.float64) @ columns) * _GRAIN) / _GRAIN

        def run(pixels: Pixels) -> Outputs:
            rows = pixels.reshape(len(pixels), -1).astype(np.float64) @ columns - origin
            return unit(rows).astype(np.float32), np.empty((len(pixels), 0), np.float32)

        size = round(len(mean) ** 0.5)
        super().__init__(
            run, shapes=Shapes(_BATCH, _BATCH), size=size, dim=components.shape[1], classes=0
        )

    @classmethod
    def from_bytes(cls, manifest: bytes, weights: bytes) -> PixelPcaEmbedder:
        """From what `checkpoint.read` gave; ValueError when it was damaged or is a network."""
        plain, arrays = checkpoint.verify(manifest, weights)
        if plain["architecture"].get("name") != NAME or len(arrays) != 2:
            raise ValueError(f"wanted {NAME}, found {plain['architecture'].get('name')!r}")
        return cls(*arrays)


def fit(pixels: Pixels, *, classes: Sequence[str], data_sha256: str) -> tuple[bytes, bytes]:
    """Manifest and weights of the components of pictures uint8 [n, size, size]; no label is looked
    at.
    """
    components = PixelComponents(pixels, N_COMPONENTS)
    columns = (np.rint(components.components * _GRAIN) / _GRAIN).astype(np.float32)
    arrays = {"mean": components.mean.astype(np.float32), "axes": columns}
    return sealed(NAME, arrays, size=pixels.shape[1], classes=classes, data_sha256=data_sha256)


def sealed(
    name: str,
    arrays: Mapping[str, NDArray[np.float32]],
    *,
    size: int,
    classes: Sequence[str],
    data_sha256: str,
) -> tuple[bytes, bytes]:
    """Manifest and weights of a model that learned no labels; the last array's columns are its
    components.
    """
    weights = checkpoint.pack(list(arrays.values()))
    manifest: dict[str, Any] = {
        "schema": checkpoint.SCHEMA,
        "architecture": {"name": name, "size": size},
        "dim": list(arrays.values())[-1].shape[1],
        "classes": list(classes),
        "training": {"labels": False},
        "data_sha256": data_sha256,
        "metrics": {},
        "weights": [{"name": one, "shape": list(array.shape)} for one, array in arrays.items()],
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    return (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode(), weights


def unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of norm 1, added up column by column: the bits do not depend on the batch. A row of
    zeros, which has no direction, gets the first direction.
    """
    squares = np.zeros(len(rows))
    for column in rows.T:
        squares += column * column
    empty = squares == 0
    rows[empty, 0] = squares[empty] = 1.0
    return np.asarray(rows / np.sqrt(squares)[:, None])
