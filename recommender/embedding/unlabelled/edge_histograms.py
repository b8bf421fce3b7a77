"""An embedder without labels that sees outlines: principal components of histograms of edge
directions.

Dalal, Triggs 2005, "Histograms of oriented gradients for human detection", with two sizes of cells
and the square root of each entry. Pictures of classes that no network was trained on find each
other better by it than by their pixels (docs/EMBEDDER.md). It needs no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from recommender.embedding import checkpoint
from recommender.embedding.batches import Embedding, Outputs, Pixels, Shapes
from recommender.embedding.unlabelled.pixel_pca import sealed, unit

NAME = "edges-128"
N_COMPONENTS = 128
SIDE = 28

_DIRECTIONS = 8
_CELLS = (7, 4)
"""Pixels a side of a cell; both sizes divide SIDE."""
_BLUR = 0.7
_GRAIN = 2.0**20
"""Components are rounded to its inverse: what is below comes from the order of a sum."""
_BATCH = 256
_FEW = 8


class EdgeHistogramEmbedder(Embedding):
    """Unit rows of the histograms' principal components, the same bytes for a picture in any
    batch.
    """

    def __init__(self, components: NDArray[np.float32]) -> None:
        """components: float32 [n_entries, dim]."""
        columns = components.astype(np.float64)

        def run(pixels: Pixels) -> Outputs:
            rows = np.rint(histograms(pixels) @ columns * _GRAIN) / _GRAIN
            return unit(rows).astype(np.float32), np.empty((len(pixels), 0), np.float32)

        super().__init__(
            run, shapes=Shapes(_BATCH, _FEW), size=SIDE, dim=components.shape[1], classes=0
        )

    @classmethod
    def fitted(cls, pixels: Pixels) -> EdgeHistogramEmbedder:
        """From pictures uint8 [n, 28, 28]; no label is looked at."""
        return cls(principal_components(pixels))

    @classmethod
    def from_bytes(cls, manifest: bytes, weights: bytes) -> EdgeHistogramEmbedder:
        """From what `checkpoint.read` gave; ValueError when it was damaged or is another model."""
        plain, arrays = checkpoint.verify(manifest, weights)
        if plain["architecture"].get("name") != NAME or len(arrays) != 1:
            raise ValueError(f"wanted {NAME}, found {plain['architecture'].get('name')!r}")
        return cls(*arrays)


def fit(pixels: Pixels, *, classes: Sequence[str], data_sha256: str) -> tuple[bytes, bytes]:
    """Manifest and weights of the components of pictures uint8 [n, 28, 28]; no label is looked
    at.
    """
    arrays = {"axes": principal_components(pixels)}
    return sealed(NAME, arrays, size=SIDE, classes=classes, data_sha256=data_sha256)


def principal_components(pixels: Pixels, n_components: int = N_COMPONENTS) -> NDArray[np.float32]:
    """Of the histograms of pictures uint8 [n, 28, 28], the strongest first: float32 [520,
    n_components].

    Those of the second moments about 0, not about the mean: where all pictures have an edge, having
    it is likeness.
    """
    moments: NDArray[np.float64] | float = 0.0
    for start in range(0, len(pixels), _BATCH):
        rows = histograms(pixels[start : start + _BATCH])
        moments = moments + rows.T @ rows
    _, components = np.linalg.eigh(np.asarray(moments))
    return components[:, ::-1][:, :n_components].astype(np.float32)


def histograms(pixels: Pixels) -> NDArray[np.float64]:
    """How strong the edges of each direction are in each cell: float64 [n, 520], of uint8 [n, 28,
    28].

    Light and dark sides of an edge count alike. An edge is shared among the two nearest directions
    and the cells around it, in proportion; cells of each size make a row of length 1 together.
    """
    smooth = gaussian_filter(np.sqrt(pixels / 255.0), (0, _BLUR, _BLUR))
    down, right = np.gradient(smooth, axis=(1, 2))
    strength = np.hypot(right, down)
    turn = np.arctan2(down, right) % np.pi * (_DIRECTIONS / np.pi) - 0.5
    lower = np.floor(turn)
    share = turn - lower
    first = lower.astype(np.int8) % _DIRECTIONS
    towards = np.zeros((len(pixels), _DIRECTIONS, SIDE, SIDE))
    np.put_along_axis(towards, first[:, None], (strength * (1 - share))[:, None], axis=1)
    np.put_along_axis(
        towards, ((first + 1) % _DIRECTIONS)[:, None], (strength * share)[:, None], axis=1
    )
    return np.concatenate([_pooled(towards, cell) for cell in _CELLS], axis=1)


def _pooled(towards: NDArray[np.float64], cell: int) -> NDArray[np.float64]:
    centres = (np.arange(SIDE // cell) + 0.5) * cell - 0.5
    nearness = np.maximum(0.0, 1 - np.abs(np.arange(SIDE) - centres[:, None]) / cell)
    sums = nearness @ towards @ nearness.T
    rows = np.sqrt(sums.reshape(len(towards), -1))
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
