"""A network with edge histograms beside it: how both lie in one vector, and that it comes back from
bytes.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from recommender.embedding import checkpoint
from recommender.embedding.batches import Embedding
from recommender.embedding.onnx.embedder import OnnxEmbedder
from recommender.embedding.open import open_embedder
from recommender.embedding.tensorflow_embedder import TensorflowEmbedder
from recommender.embedding.training.own_network import train
from recommender.embedding.training.trained import Trained
from recommender.embedding.training.training_settings import Contrast
from recommender.embedding.unlabelled.edge_histograms import EdgeHistogramEmbedder
from recommender.embedding.unlabelled.network_beside_edges import SHARE, NetworkBesideEdges
from tests.unit.recommender.embedding.test_network import TINY
from tests.unit.recommender.embedding.training.test_own_network import IMAGES, LABELS, SETTINGS

FACTS = {"classes": ["hat", "bag", "shoe"], "data_sha256": "d" * 64, "metrics": {}}


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A small network taught views and turns, 16 components beside it."""
    settings = replace(SETTINGS, contrast=Contrast())
    return train(IMAGES, LABELS, architecture=replace(TINY, edges=16), settings=settings, seed=1)


@pytest.fixture(scope="module")
def model(trained: Trained) -> tuple[bytes, bytes]:
    """Its manifest and weights."""
    return checkpoint.describe(trained, **FACTS)


@pytest.fixture(scope="module")
def embedder(model: tuple[bytes, bytes]) -> Embedding:
    """The embedder of these bytes, by TensorFlow."""
    return open_embedder(*model, TensorflowEmbedder.from_bytes)


def test_cosines_are_weighted_means_of_both_cosines(trained: Trained, embedder: Embedding) -> None:
    """The outlines' share of the squared length is their weight."""
    found = embedder.embed(IMAGES).astype(float)
    assert trained.edge_components is not None
    both = [
        EdgeHistogramEmbedder(trained.edge_components).embed(IMAGES),
        TensorflowEmbedder(trained.model).embed(IMAGES),
    ]
    outlines, named = (rows.astype(float) @ rows.T.astype(float) for rows in both)
    np.testing.assert_allclose(found @ found.T, SHARE * outlines + (1 - SHARE) * named, atol=1e-5)


def test_the_manifest_says_what_lies_in_the_vector(
    model: tuple[bytes, bytes], trained: Trained, embedder: Embedding
) -> None:
    """Six trained numbers beside 16 axes; the network alone is a model in its own right."""
    plain = json.loads(model[0])
    assert (plain["dim"], embedder.dim) == (22, 22)
    assert plain["weights"][-1] == {"name": checkpoint.EDGE_COMPONENTS, "shape": [520, 16]}
    manifest, weights, components = checkpoint.parted(*model)
    np.testing.assert_array_equal(components, trained.edge_components)
    assert checkpoint.verify(manifest, weights)[0]["dim"] == 6
    assert "16 of the numbers are principal components of edge histograms" in checkpoint.model_card(
        plain
    )


@pytest.mark.thorough
def test_upright_classes_are_named() -> None:
    """Class and turn were named together; what is kept names the three classes, of pictures as they
    are.
    """
    at_rest = Contrast(weight=0.1, stretch=0.0, tilt=0.0, drift=0.0, fade=0.0, dim=1.0)
    settings = replace(SETTINGS, contrast=at_rest, epochs=40, rate=3e-2, label_smoothing=0.0)
    taught = train(IMAGES, LABELS, architecture=TINY, settings=settings, seed=1)
    assert taught.model.output_shape[1] == (None, 3)
    assert (TensorflowEmbedder(taught.model).classify(IMAGES) == LABELS).mean() >= 0.8


def test_a_picture_has_the_same_bytes_in_any_company(embedder: Embedding) -> None:
    """Alone or among others; and when small shapes are allowed."""
    whole = embedder.embed(IMAGES)
    np.testing.assert_array_equal(embedder.embed(IMAGES[5:6])[0], whole[5])
    embedder.quicken()
    np.testing.assert_array_equal(embedder.embed(IMAGES[5:6])[0], whole[5])


def test_onnx_runtime_gives_the_same(model: tuple[bytes, bytes], embedder: Embedding) -> None:
    """Within float32's last digits."""
    found = open_embedder(*model, OnnxEmbedder.from_bytes).embed(IMAGES)
    np.testing.assert_allclose(found, embedder.embed(IMAGES), atol=1e-5)


def test_a_blank_picture_has_a_direction_too(embedder: Embedding) -> None:
    """Black and white everywhere: no edges, yet unit length."""
    blank = np.stack([np.zeros((28, 28)), np.full((28, 28), 255)]).astype(np.uint8)
    np.testing.assert_allclose(np.linalg.norm(embedder.embed(blank), axis=1), 1, atol=1e-6)


def test_a_network_without_edges_is_itself(trained: Trained) -> None:
    """Nothing is put beside what has none."""
    alone = replace(trained, edge_components=None, architecture=TINY)
    found = open_embedder(*checkpoint.describe(alone, **FACTS), TensorflowEmbedder.from_bytes)
    assert type(found) is TensorflowEmbedder


def test_what_does_not_fit_is_refused(trained: Trained, model: tuple[bytes, bytes]) -> None:
    """Flipped bits, and a network of pictures of another size."""
    with pytest.raises(ValueError, match="damaged"):
        open_embedder(model[0], model[1][:-4] + b"\x00\x00\x00\x01", TensorflowEmbedder.from_bytes)
    assert trained.edge_components is not None
    small = Embedding(
        lambda _: (np.empty(0), np.empty(0)), shapes=(1, 1), size=20, dim=3, classes=0
    )
    with pytest.raises(ValueError, match="wanted a network of pictures"):
        NetworkBesideEdges(small, trained.edge_components)
