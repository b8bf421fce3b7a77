"""The embedders without labels by name: what fits them, in seconds, and what opens them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from recommender.embedding.batches import Embedding
from recommender.embedding.unlabelled import edge_histograms, pixel_pca

RUNTIME = pixel_pca.RUNTIME

FITS: Mapping[str, Callable[..., tuple[bytes, bytes]]] = MappingProxyType(
    {pixel_pca.NAME: pixel_pca.fit, edge_histograms.NAME: edge_histograms.fit}
)
"""What makes manifest and weights of pictures uint8 [n, size, size]."""

EMBEDDERS: Mapping[str, Callable[[bytes, bytes], Embedding]] = MappingProxyType(
    {
        pixel_pca.NAME: pixel_pca.PixelPcaEmbedder.from_bytes,
        edge_histograms.NAME: edge_histograms.EdgeHistogramEmbedder.from_bytes,
    }
)
"""What opens them again."""
