"""The embedders that learned no labels, by name: fitted in seconds when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from recommender.embedding.batches import Embedding
from recommender.embedding.unlabelled import edge_histograms as edges
from recommender.embedding.unlabelled import pixel_pca as axes

RUNTIME = axes.RUNTIME

FITS: Mapping[str, Callable[..., tuple[bytes, bytes]]] = MappingProxyType(
    {axes.NAME: axes.fit, edges.NAME: edges.fit}
)
"""What makes manifest and weights of pictures uint8 [n, size, size]."""

EMBEDDERS: Mapping[str, Callable[[bytes, bytes], Embedding]] = MappingProxyType(
    {axes.NAME: axes.AxesEmbedder.from_bytes, edges.NAME: edges.EdgesEmbedder.from_bytes}
)
"""What opens them again."""
