"""A picture has one embedding, whatever is embedded with it, in whatever order, on however many threads."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recommender import checkpoint, network
from recommender.embedder import BATCH, Embedder
from recommender.training import Trained, TrainingSettings
from tests.unit.test_network import TINY

PIXELS = np.random.default_rng(5).integers(0, 256, (BATCH + 90, 28, 28)).astype(np.uint8)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """The quick network, not trained: its arithmetic is what counts here."""
    return Embedder(network.build(network.PRESETS["quick"], seed=1))


@pytest.fixture(scope="module")
def embeddings(embedder: Embedder) -> np.ndarray:
    """Embeddings of all PIXELS at once."""
    return embedder.embed(PIXELS)


def test_embeddings_are_unit_rows_of_float32(embeddings: np.ndarray) -> None:
    """One row of 64 a picture; norm 1 within 1e-5."""
    assert embeddings.shape == (len(PIXELS), 64)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 89, BATCH - 1, BATCH])
def test_company_does_not_change_an_embedding(embedder: Embedder, embeddings: np.ndarray, size: int) -> None:
    """The last pictures, embedded alone, have the very same bytes as in the whole."""
    np.testing.assert_array_equal(embedder.embed(PIXELS[-size:]), embeddings[-size:])


def test_order_does_not_change_an_embedding(embedder: Embedder, embeddings: np.ndarray) -> None:
    """Any permutation gives the permuted rows, bit by bit."""
    order = np.random.default_rng(9).permutation(len(PIXELS))
    np.testing.assert_array_equal(embedder.embed(PIXELS[order]), embeddings[order])


def test_threads_do_not_change_an_embedding(tmp_path: Path) -> None:
    """A process of one thread and a process of two give the same bytes."""
    model = network.build(TINY, seed=1)
    folder = tmp_path / "model"
    trained = Trained(model, TINY, TrainingSettings("tiny", epochs=1), 1, (), {})
    checkpoint.save(folder, trained, classes=["a", "b", "c"], data_sha256="", metrics={})
    ours = hashlib.sha256(Embedder.load(folder).embed(PIXELS)).hexdigest()
    script = (
        "import hashlib, sys, pathlib, tensorflow as tf\n"
        "tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))\n"
        "tf.config.threading.set_inter_op_parallelism_threads(int(sys.argv[1]))\n"
        "from tests.unit.test_embedder import PIXELS, Embedder\n"
        "print(hashlib.sha256(Embedder.load(pathlib.Path(sys.argv[2])).embed(PIXELS)).hexdigest())\n"
    )
    root = Path(__file__).parents[2]
    for threads in ("1", "2"):
        command = [sys.executable, "-c", script, threads, str(folder)]
        done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
        assert done.stdout.split()[-1] == ours


def test_the_class_is_the_nearest_direction(embedder: Embedder, embeddings: np.ndarray) -> None:
    """`classify` agrees with the cosines to the head's directions, worked out in NumPy."""
    model = network.build(network.PRESETS["quick"], seed=1)
    directions = model.get_layer("head").get_weights()[0].astype(np.float64)
    directions /= np.linalg.norm(directions, axis=0)
    guesses = embedder.classify(PIXELS)
    assert (guesses == (embeddings @ directions).argmax(1)).mean() > 0.99
    assert embedder.classes == 10


def test_no_pictures_have_no_embeddings(embedder: Embedder) -> None:
    """An empty batch is answered, not refused."""
    assert embedder.embed(PIXELS[:0]).shape == (0, 64)


@pytest.mark.parametrize("wrong", [PIXELS.astype(np.float32), PIXELS[:, :14], PIXELS[0], PIXELS[..., None]])
def test_pictures_of_another_kind_are_refused(embedder: Embedder, wrong: np.ndarray) -> None:
    """Floats, other sizes and other axes raise ValueError."""
    with pytest.raises(ValueError, match="wanted uint8"):
        embedder.embed(wrong)
