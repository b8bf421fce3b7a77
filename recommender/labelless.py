"""The embedders that learned no labels, by name: fitted in seconds when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from recommender import axes, checkpoint, edges
from recommender.batches import Embedding

RUNTIME = axes.RUNTIME

FITS: Mapping[str, Callable[..., tuple[bytes, bytes]]] = MappingProxyType(
    {axes.NAME: axes.fit, edges.NAME: edges.fit}
)
"""What makes manifest and weights of pictures uint8 [n, size, size]."""

_OF: Mapping[str, Callable[[bytes, bytes], Embedding]] = MappingProxyType(
    {axes.NAME: axes.AxesEmbedder.from_bytes, edges.NAME: edges.EdgesEmbedder.from_bytes}
)


def from_bytes(manifest: bytes, weights: bytes) -> Embedding:
    """The embedder that a manifest names; ValueError when it was damaged or is a network."""
    plain, _ = checkpoint.verify(manifest, weights)
    name = plain["architecture"].get("name")
    return _OF.get(name, axes.AxesEmbedder.from_bytes)(manifest, weights)
