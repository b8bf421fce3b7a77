"""Which embedder a manifest means: one without labels, a network, or a network beside edge
histograms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recommender.embedding import checkpoint
from recommender.embedding.batches import Embedding
from recommender.embedding.unlabelled import registry as unlabelled
from recommender.embedding.unlabelled.network_beside_edges import NetworkBesideEdges


def needs_network(manifest: Mapping[str, Any]) -> bool:
    """Whether a runtime for networks is wanted; what learned no labels is plain arithmetic."""
    return manifest["architecture"].get("name") not in unlabelled.EMBEDDERS


def embedding_runtime(manifest: Mapping[str, Any], network: str) -> str:
    """The runtime in the key of a model's embeddings; network: of those that need one."""
    return network if needs_network(manifest) else unlabelled.RUNTIME


def open_embedder(
    manifest: bytes, weights: bytes, network: Callable[[bytes, bytes], Embedding]
) -> Embedding:
    """The embedder of a manifest and its weights; network: makes one of a network's manifest and
    weights.

    Raises ValueError when they were damaged.
    """
    plain, _ = checkpoint.verify(manifest, weights)
    if not needs_network(plain):
        return unlabelled.EMBEDDERS[plain["architecture"]["name"]](manifest, weights)
    alone, numbers, components = checkpoint.parted(manifest, weights)
    found = network(alone, numbers)
    return found if components is None else NetworkBesideEdges(found, components)
