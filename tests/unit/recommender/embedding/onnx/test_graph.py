"""The exported graph is the trained network; a worker that runs it never loads TensorFlow."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine

from db import embeddings, images, models, runs, work
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.errors import DataError, UsageError
from recommender.embedding import checkpoint, mobilenet, network, pretrained, runtimes
from recommender.embedding.architecture import RELU_GAIN, Architecture, MobileNet
from recommender.embedding.onnx.embedder import BATCH, OnnxEmbedder
from recommender.embedding.onnx.graph import standardised
from recommender.embedding.runtimes import runtime_key, runtime_of
from recommender.embedding.training.trained import Trained
from recommender.embedding.training.training_settings import TrainingSettings
from simulator.embedders.model import runtime
from tests.unit.recommender.embedding.test_mobilenet import WEIGHTS
from tests.unit.recommender.embedding.test_network import TINY
from workers.knowledge import Library

PIXELS = np.random.default_rng(5).integers(0, 256, (2 * BATCH + 9, 28, 28)).astype(np.uint8)
DEEP = Architecture("deep", stem=(3, 8, 1), stages=((12, 2, 2), (16, 2, 1)), scale=16.0)


def made(architecture: Architecture) -> tuple[bytes, bytes]:
    """Manifest and weights of a network with no weight left at its start: gains, biases and all."""
    model = network.build(architecture, seed=3)
    rng = np.random.default_rng(11)
    model.set_weights(
        [one + rng.normal(0, 0.1, one.shape).astype(np.float32) for one in model.get_weights()]
    )
    return described(model, architecture)


def described(model: Any, architecture: Any) -> tuple[bytes, bytes]:
    """Manifest and weights of a model as it stands."""
    trained = Trained(model, architecture, TrainingSettings("tiny", epochs=1), 3, (), {})
    return checkpoint.describe(
        trained, classes=["a"] * architecture.classes, data_sha256="", metrics={}
    )


def made_mobilenet(architecture: MobileNet) -> tuple[bytes, bytes]:
    """The same for a MobileNet; depthwise kernels start so small that no picture would be left."""
    model = mobilenet.build(architecture, seed=3)
    rng = np.random.default_rng(11)
    weights = [one + rng.normal(0, 0.1, one.shape) * (one.ndim == 1) for one in model.get_weights()]
    model.set_weights([one * one.shape[2] ** 0.5 if one.shape[-1] == 1 else one for one in weights])
    return described(model, architecture)


def assert_alike(model: tuple[bytes, bytes], pixels: NDArray[np.uint8], *, atol: float) -> None:
    """Embeddings and logits of the graph are those of the Keras model of the same manifest."""
    found = OnnxEmbedder.from_bytes(*model).outputs(pixels)
    levels = pixels.astype(np.float32)
    wanted = checkpoint.from_bytes(*model)(
        levels[..., None] if pixels.ndim == 3 else levels, training=False
    )
    np.testing.assert_allclose(found[0], wanted[0].numpy(), atol=atol)
    np.testing.assert_allclose(found[1], wanted[1].numpy(), atol=20 * atol)
    assert np.ptp(found[0], axis=0).max() > 0.01


@pytest.fixture(scope="module")
def deep() -> tuple[bytes, bytes]:
    """A network with everything that an architecture can have."""
    return made(DEEP)


@pytest.mark.parametrize(
    "architecture", [TINY, DEEP, network.PRESETS["quick"], network.PRESETS["best"]]
)
def test_the_graph_computes_what_keras_computes(architecture: Architecture) -> None:
    """Embeddings within 1e-5, logits within 1e-4, of the model that the same manifest gives."""
    assert_alike(made(architecture), PIXELS[:20], atol=1e-5)


@pytest.mark.parametrize(
    "architecture",
    [
        MobileNet(size=28, channels=1, resolution=40, alpha=0.35, dim=8, classes=3),
        MobileNet(size=48, channels=3, resolution=48, alpha=0.5, dim=8, classes=3),
        MobileNet(size=50, channels=3, resolution=37, alpha=0.35, dim=8, classes=3),
    ],
    ids=["grey, scaled up", "colour", "colour, scaled down"],
)
def test_the_graph_of_a_mobilenet_computes_what_keras_computes(architecture: MobileNet) -> None:
    """Grey and in colour, at its own size, scaled up and scaled down inside, weights at random."""
    assert_alike(made_mobilenet(architecture), some_pixels(architecture), atol=1e-4)


def test_pretrained_weights_are_exported_as_they_are() -> None:
    """A real weights file of MobileNetV2, folded; alone or in company a picture gets the same
    bytes.
    """
    if not os.environ.get(WEIGHTS):
        pytest.skip(f"{WEIGHTS} names no weights file of MobileNetV2")
    architecture = MobileNet(size=28, channels=1, resolution=64)
    model = mobilenet.build(architecture, seed=1)
    start = pretrained.from_file(Path(os.environ[WEIGHTS]))
    model.get_layer("backbone").set_weights(mobilenet.folded(start.arrays or {}, architecture))
    packed = described(model, architecture)
    pixels = some_pixels(architecture)
    assert_alike(packed, pixels, atol=1e-4)
    embedder = OnnxEmbedder.from_bytes(*packed)
    whole = embedder.embed(pixels)
    for place in (0, len(pixels) - 1):
        np.testing.assert_array_equal(embedder.embed(pixels[place : place + 1])[0], whole[place])


def some_pixels(architecture: MobileNet) -> NDArray[np.uint8]:
    """A dozen pictures of what it is given: blots, so that scaling has something to keep."""
    side = architecture.size
    channels = architecture.channels
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (12, side // 4 + 1, side // 4 + 1, channels)).astype(np.uint8)
    pixels = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :side, :side]
    return np.ascontiguousarray(pixels if channels == 3 else pixels[..., 0])


def test_a_standardised_kernel_has_mean_0_and_variance_1_over_fan_in() -> None:
    """By output channel, times gain and the rectifier's constant: what the layer's docstring
    says.
    """
    kernel = np.random.default_rng(1).normal(3, 2, (3, 3, 5, 4)).astype(np.float32)
    gain = np.array([1, 2, 0, -1], np.float32)
    plain = standardised(kernel, gain) / RELU_GAIN
    np.testing.assert_allclose(plain.mean((0, 1, 2)), 0, atol=1e-7)
    np.testing.assert_allclose(plain.var((0, 1, 2)) * 45, gain**2, rtol=1e-4)


def test_company_order_and_threads_do_not_change_an_embedding(deep: tuple[bytes, bytes]) -> None:
    """Alone, few, permuted, on one thread or several: the same bytes."""
    embedder = OnnxEmbedder.from_bytes(*deep)
    whole = embedder.embed(PIXELS)
    order = np.random.default_rng(9).permutation(len(PIXELS))
    np.testing.assert_array_equal(embedder.embed(PIXELS[order]), whole[order])
    for size in (1, 7, BATCH - 1, BATCH):
        np.testing.assert_array_equal(embedder.embed(PIXELS[-size:]), whole[-size:])
    embedder._threads = 1
    np.testing.assert_array_equal(embedder.embed(PIXELS), whole)


def test_a_quickened_embedder_gives_the_same_bytes(deep: tuple[bytes, bytes]) -> None:
    """One picture in a batch of one, after the probe."""
    embedder = OnnxEmbedder.from_bytes(*deep)
    whole = embedder.embed(PIXELS)
    assert embedder.quicken()
    for place in (0, 5, BATCH, len(PIXELS) - 1):
        np.testing.assert_array_equal(embedder.embed(PIXELS[place : place + 1])[0], whole[place])
    np.testing.assert_array_equal(embedder.embed(PIXELS), whole)


def test_damaged_weights_are_not_exported(deep: tuple[bytes, bytes]) -> None:
    """A flipped bit is refused by its sha256 before any graph is built."""
    manifest, weights = deep
    bent = bytes([weights[0] ^ 1]) + weights[1:]
    with pytest.raises(ValueError, match="sha256"):
        OnnxEmbedder.from_bytes(manifest, bent)


def test_a_network_of_another_make_is_refused_by_name(deep: tuple[bytes, bytes]) -> None:
    """Weights that are missing, or an architecture that is none of ours."""
    manifest, weights = deep
    plain = json.loads(manifest)
    renamed = [{**one, "name": f"other/{one['name']}"} for one in plain["weights"]]
    with pytest.raises(ValueError, match="lists no weights 'stem/kernel'"):
        OnnxEmbedder.from_bytes(json.dumps({**plain, "weights": renamed}).encode(), weights)
    with pytest.raises(ValueError, match="not an architecture"):
        OnnxEmbedder.from_bytes(
            json.dumps({**plain, "architecture": {"name": "x"}}).encode(), weights
        )


def test_runtimes_are_named_without_their_patch_level() -> None:
    """Vectors are kept by these keys, and a key says whose it is."""
    assert re.fullmatch(r"tensorflow-\d+\.\d+", runtime_key("tensorflow"))
    assert re.fullmatch(r"onnxruntime-\d+\.\d+", runtime_key("onnx"))
    assert [runtime_of(runtime_key(one)) for one in ("tensorflow", "onnx")] == [
        "tensorflow",
        "onnx",
    ]


def test_a_missing_extra_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """UsageError that names the setting and what to install, before any work is handed out."""

    def nowhere(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(runtimes, "version", nowhere)
    with pytest.raises(
        UsageError, match=r"runtime is onnx.*not installed.*pip install '\.\[onnx\]'"
    ):
        runtime("onnx")


def name_of(model: tuple[bytes, bytes]) -> str:
    """The only name that a worker takes the model under."""
    return checkpoint.model_key(json.loads(model[0]))


def test_a_worker_refuses_work_for_a_runtime_it_does_not_have(
    sqlite: Engine, deep: tuple[bytes, bytes]
) -> None:
    """Vectors of another version never come under a key that is not theirs."""
    with write_transaction(sqlite) as conn:
        models.add(conn, name_of(deep), *deep)
    for wanted in ("onnxruntime-0.1", "tensorflow-1.0"):
        with pytest.raises(DataError, match=f"embeds with {re.escape(wanted)}"):
            Library(sqlite).embedder(EmbedderKey(name_of(deep), wanted))


EMBED = """
import sys
from db.engine import open_engine
from workers.tasks import Worker
Worker(open_engine(sys.argv[1]), "test").perform(int(sys.argv[2]))
print(sorted({"tensorflow", "keras"} & set(sys.modules)))
"""


def test_a_worker_embeds_without_tensorflow(sqlite: Engine, deep: tuple[bytes, bytes]) -> None:
    """The job's vectors stand in the database under ONNX Runtime's key; nobody imported Keras."""
    ours = EmbedderKey(name_of(deep), runtime_key("onnx"))
    with write_transaction(sqlite) as conn:
        models.add(conn, ours.model, *deep)
        hashes = images.add(conn, PIXELS[:3])
        run = runs.open_run(conn, {})
        payload = {"model": ours.model, "runtime": ours.runtime, "images": list(hashes)}
        (job,) = work.add(conn, run.number, "embed", {"all": payload})
    done = subprocess.run(
        [sys.executable, "-c", EMBED, str(sqlite.url), str(job)],
        cwd=Path(__file__).parents[5],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
    with read_transaction(sqlite) as conn:
        stored = embeddings.of_model(conn, ours)
    wanted = OnnxEmbedder.from_bytes(*deep).embed(PIXELS[:3])
    assert [stored[key] for key in hashes] == [row.tobytes() for row in wanted]
