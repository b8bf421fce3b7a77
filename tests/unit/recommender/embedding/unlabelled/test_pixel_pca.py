"""The embedder without labels: exact, checked like any model, fitted when it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.embedding import checkpoint
from recommender.embedding.unlabelled import pixel_pca
from recommender.embedding.unlabelled.pixel_pca import PixelPcaEmbedder
from recommender.evaluation.retrieval import PixelComponents

PIXELS = (
    np.random.default_rng(3).integers(0, 256, (300, 28, 28)) * np.linspace(0.2, 1, 28)
).astype(np.uint8)
MANIFEST, WEIGHTS = pixel_pca.fit(PIXELS, classes=["a"], data_sha256="0")
EMBEDDER = PixelPcaEmbedder.from_bytes(MANIFEST, WEIGHTS)


def test_embeddings_are_the_principal_components_on_the_unit_sphere() -> None:
    """The same as those of PixelComponents up to rounding; norm 1."""
    found = EMBEDDER.embed(PIXELS)
    assert found.shape == (300, 64)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert np.allclose(found, PixelComponents(PIXELS, 64).project(PIXELS), atol=1e-4)


def test_a_picture_has_the_same_bytes_in_any_batch() -> None:
    """Alone, in company, in another order."""
    whole = EMBEDDER.embed(PIXELS)
    order = np.random.default_rng(0).permutation(300)
    assert EMBEDDER.embed(PIXELS[order]).tobytes() == whole[order].tobytes()
    alone = np.concatenate([EMBEDDER.embed(PIXELS[row : row + 1]) for row in range(40)])
    assert alone.tobytes() == whole[:40].tobytes()


def test_the_mean_picture_has_a_direction_too() -> None:
    """A picture whose components are all 0 is a unit row like the others."""
    flat = PixelPcaEmbedder(np.full(4, 7.0, np.float32), np.eye(4, dtype=np.float32))
    assert flat.embed(np.full((1, 2, 2), 7, np.uint8)).tolist() == [[1.0, 0.0, 0.0, 0.0]]


def test_what_is_damaged_or_a_network_is_refused() -> None:
    """ValueError, as for every model."""
    with pytest.raises(ValueError, match="damaged"):
        PixelPcaEmbedder.from_bytes(MANIFEST, WEIGHTS[:-1] + b"\x01")
    with pytest.raises(ValueError, match="wanted pca-64, found 'quick'"):
        PixelPcaEmbedder.from_bytes(MANIFEST.replace(b'"pca-64"', b'"quick"'), WEIGHTS)
    with pytest.raises(ValueError, match="28, 28"):
        EMBEDDER.embed(PIXELS[:, :5])


def test_its_key_says_what_it_is() -> None:
    """Name and weights, as for a network."""
    plain, _ = checkpoint.verify(MANIFEST, WEIGHTS)
    assert checkpoint.model_key(plain).startswith("pca-64-")
