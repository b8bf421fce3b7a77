"""A network's embedding beside that of edge histograms: for pictures of kinds that nobody named.

What a network was trained on decides what it keeps of a picture; outlines are there in any. Their
embeddings lie side by side in one, so that cosines are weighted means of both cosines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.embedding.batches import Embedding, Outputs, Pixels
from recommender.embedding.unlabelled.edge_histograms import EdgeHistogramEmbedder
from recommender.embedding.unlabelled.pixel_pca import unit

SHARE = 0.75
"""The outlines' share of the squared length. Stored vectors are found by their model's name:
another share wants another name.
"""


class NetworkBesideEdges(Embedding):
    """A network and the edge histograms beside it, ready to embed; logits are the network's."""

    def __init__(self, network: Embedding, components: NDArray[np.float32]) -> None:
        """network: of grey pictures 28 pixels a side; components: float32 [entries,
        n_components].
        """
        self._network = network
        self._outlines = EdgeHistogramEmbedder(components)
        if network.view != self._outlines.view:
            raise ValueError(
                f"wanted a network of pictures {self._outlines.view}, found {network.view}"
            )
        self.view = network.view
        self.classes = network.classes
        self.dim = self._outlines.dim + network.dim

    def outputs(self, pixels: Pixels) -> Outputs:
        """Embeddings float32 [n, dim], unit rows, and logits [n, classes] of pixels uint8 [n, 28,
        28].
        """
        trained, logits = self._network.outputs(pixels)
        outlines = self._outlines.embed(pixels)
        beside = np.concatenate(
            [
                np.sqrt(SHARE) * outlines.astype(np.float64),
                np.sqrt(1 - SHARE) * trained.astype(np.float64),
            ],
            axis=1,
        )
        return unit(beside).astype(np.float32), logits

    def quicken(self) -> bool:
        """Let a few pictures be embedded in small shapes from now on; False where bytes would
        differ.
        """
        return all([self._network.quicken(), self._outlines.quicken()])
