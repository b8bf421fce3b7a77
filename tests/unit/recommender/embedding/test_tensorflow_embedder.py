"""A picture has one embedding, whatever is embedded with it, in whatever order, on however many
threads.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from recommender.embedding import checkpoint, network
from recommender.embedding.tensorflow_embedder import (
    BATCH,
    LEAST,
    TensorflowEmbedder,
    on_one_thread,
)
from recommender.embedding.training.trained import Trained
from recommender.embedding.training.training_settings import TrainingSettings
from tests.unit.recommender.embedding.test_network import TINY

PIXELS = np.random.default_rng(5).integers(0, 256, (BATCH + 90, 28, 28)).astype(np.uint8)


@pytest.fixture(scope="module")
def embedder() -> TensorflowEmbedder:
    """The quick network, not trained: its arithmetic is what counts here."""
    return TensorflowEmbedder(network.build(network.PRESETS["quick"], seed=1))


@pytest.fixture(scope="module")
def embeddings(embedder: TensorflowEmbedder) -> np.ndarray:
    """Embeddings of all PIXELS at once."""
    return embedder.embed(PIXELS)


def test_embeddings_are_unit_rows_of_float32(embeddings: np.ndarray) -> None:
    """One row of 64 a picture; norm 1 within 1e-5."""
    assert embeddings.shape == (len(PIXELS), 64)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 89, BATCH - 1, BATCH])
def test_company_does_not_change_an_embedding(
    embedder: TensorflowEmbedder, embeddings: np.ndarray, size: int
) -> None:
    """The last pictures, embedded alone, have the very same bytes as in the whole."""
    np.testing.assert_array_equal(embedder.embed(PIXELS[-size:]), embeddings[-size:])


def test_order_does_not_change_an_embedding(
    embedder: TensorflowEmbedder, embeddings: np.ndarray
) -> None:
    """Any permutation gives the permuted rows, bit by bit."""
    order = np.random.default_rng(9).permutation(len(PIXELS))
    np.testing.assert_array_equal(embedder.embed(PIXELS[order]), embeddings[order])


@pytest.mark.thorough
def test_threads_do_not_change_an_embedding(tmp_path: Path) -> None:
    """A process of one thread and a process of two give the same bytes."""
    model = network.build(TINY, seed=1)
    folder = tmp_path / "model"
    trained = Trained(model, TINY, TrainingSettings("tiny", epochs=1), 1, (), {})
    checkpoint.save(folder, trained, classes=["a", "b", "c"], data_sha256="", metrics={})
    ours = hashlib.sha256(TensorflowEmbedder.load(folder).embed(PIXELS)).hexdigest()
    script = (
        "import hashlib, sys, pathlib, tensorflow as tf\n"
        "tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))\n"
        "tf.config.threading.set_inter_op_parallelism_threads(int(sys.argv[1]))\n"
        "from tests.unit.recommender.embedding.test_tensorflow_embedder import PIXELS,"
        " TensorflowEmbedder\n"
        "print(hashlib.sha256(TensorflowEmbedder.load(pathlib.Path(sys.argv[2])).embed(PIXELS)).hexdigest())\n"
    )
    root = Path(__file__).parents[4]
    for threads in ("1", "2"):
        command = [sys.executable, "-c", script, threads, str(folder)]
        done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
        assert done.stdout.split()[-1] == ours


def test_the_class_is_the_nearest_direction(
    embedder: TensorflowEmbedder, embeddings: np.ndarray
) -> None:
    """`classify` agrees with the cosines to the head's directions, worked out in NumPy."""
    model = network.build(network.PRESETS["quick"], seed=1)
    directions = model.get_layer("head").get_weights()[0].astype(np.float64)
    directions /= np.linalg.norm(directions, axis=0)
    guesses = embedder.classify(PIXELS)
    assert (guesses == (embeddings @ directions).argmax(1)).mean() > 0.99
    assert embedder.classes == 10


def test_no_pictures_have_no_embeddings(embedder: TensorflowEmbedder) -> None:
    """An empty batch is answered, not refused."""
    assert embedder.embed(PIXELS[:0]).shape == (0, 64)


@pytest.mark.parametrize(
    "wrong", [PIXELS.astype(np.float32), PIXELS[:, :14], PIXELS[0], PIXELS[..., None]]
)
def test_pictures_of_another_kind_are_refused(
    embedder: TensorflowEmbedder, wrong: np.ndarray
) -> None:
    """Floats, other sizes and other axes raise ValueError."""
    with pytest.raises(ValueError, match="wanted uint8"):
        embedder.embed(wrong)


@pytest.fixture(scope="module", params=["quick", "best"])
def trained(request: pytest.FixtureRequest) -> keras.Model:
    """A preset with weights as training leaves them: no gain is 0, no bias either."""
    model = network.build(network.PRESETS[request.param], seed=3)
    rng = np.random.default_rng(7)
    model.set_weights(
        [one + rng.normal(0, 0.1, one.shape).astype(np.float32) for one in model.get_weights()]
    )
    return model


def test_folded_kernels_give_the_bytes_of_the_trained_network(trained: keras.Model) -> None:
    """Embeddings and logits equal those of kernels that are standardised at every call, bit by
    bit.
    """
    levels = PIXELS[:BATCH].astype(np.float32)[..., None]
    graph = tf.function(trained, autograph=False)
    for found, wanted in zip(
        TensorflowEmbedder(trained).outputs(PIXELS[:BATCH]), graph(levels), strict=True
    ):
        np.testing.assert_array_equal(found, wanted.numpy())


def test_few_pictures_have_the_bytes_of_many(trained: keras.Model) -> None:
    """Quickened, two rows are convolved and padded only for the last steps; nothing else comes
    out.
    """
    embedder = TensorflowEmbedder(trained)
    wanted = embedder.outputs(PIXELS)
    assert embedder.quicken()
    for n in (1, 2, 3, LEAST + 1):
        for found, whole in zip(embedder.outputs(PIXELS[40 : 40 + n]), wanted, strict=True):
            np.testing.assert_array_equal(found, whole[40 : 40 + n])


def test_folding_leaves_the_trained_network_alone(trained: keras.Model) -> None:
    """Its weights keep their names, order and numbers, and may be folded again."""
    names = [one.path for one in trained.weights]
    numbers = trained.get_weights()
    first = TensorflowEmbedder(trained)
    second = TensorflowEmbedder(trained)
    assert [one.path for one in trained.weights] == names
    assert all(np.array_equal(a, b) for a, b in zip(trained.get_weights(), numbers, strict=True))
    np.testing.assert_array_equal(first.embed(PIXELS[:9]), second.embed(PIXELS[:9]))


def test_many_networks_are_folded_in_silence(
    trained: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow has nothing to complain of, however many one process makes."""
    told: list[str] = []
    monkeypatch.setattr(tf.get_logger(), "warning", lambda text, *_: told.append(text))
    for _ in range(7):
        network.folded(trained)
    assert told == []


@pytest.mark.thorough
def test_one_thread_is_given_only_to_a_tensorflow_that_has_not_begun(
    embeddings: np.ndarray,
) -> None:
    """In a new process it is, and embeddings stay the same; here, where much was embedded, it is
    refused.
    """
    assert not on_one_thread()
    script = (
        "from recommender.embedding.tensorflow_embedder import on_one_thread\n"
        "assert on_one_thread()\n"
        "from tests.unit.recommender.embedding.test_tensorflow_embedder import PIXELS, network\n"
        "from recommender.embedding.tensorflow_embedder import TensorflowEmbedder\n"
        "embedder = TensorflowEmbedder(network.build(network.PRESETS['quick'], seed=1))\n"
        "print(__import__('hashlib').sha256(embedder.embed(PIXELS)).hexdigest())\n"
        "assert on_one_thread()\n"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, check=True, capture_output=True, text=True
    )
    assert done.stdout.split()[-1] == hashlib.sha256(embeddings).hexdigest()
