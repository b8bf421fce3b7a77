"""Transfer: frozen features stay frozen, stages unfreeze from the top, and a stop changes
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.embedding import checkpoint, mobilenet
from recommender.embedding.architecture import MobileNet
from recommender.embedding.pretrained import at_random
from recommender.embedding.tensorflow_embedder import TensorflowEmbedder
from recommender.embedding.training import transfer
from recommender.embedding.training.trained import Trained
from recommender.embedding.training.training_settings import TrainingSettings
from recommender.embedding.training.transfer import ALL, UPPER_HALF, TransferSettings

ARCHITECTURE = MobileNet(size=24, channels=3, resolution=32, alpha=0.35, dim=8, classes=3)
HEAD = TrainingSettings(
    "head", epochs=2, batch=16, rate=5e-3, validation_share=0.25, compute="float32"
)
STAGE = replace(HEAD, name="stage", epochs=1, rate=1e-3, shift=1)
pytestmark = pytest.mark.thorough
SETTINGS = TransferSettings("tiny", HEAD, ((UPPER_HALF, STAGE), (ALL, STAGE)), least_steps=3)
LABELS = np.arange(48) % 3
SHAPES = np.random.default_rng(2).integers(0, 256, (3, 24, 24, 3))
NOISE = np.random.default_rng(3).integers(0, 256, (48, 24, 24, 3))
IMAGES = (0.6 * SHAPES[LABELS] + 0.4 * NOISE).astype(np.uint8)


def train(settings: TransferSettings = SETTINGS, seed: int = 1, **more: object) -> Trained:
    """A transfer of seconds."""
    return transfer.transfer(
        IMAGES,
        LABELS,
        architecture=ARCHITECTURE,
        settings=settings,
        start=at_random(),
        seed=seed,
        **more,
    )


def digest(trained: Trained) -> str:
    """Names the weights."""
    return hashlib.sha256(checkpoint.pack(trained.model.get_weights())).hexdigest()


@pytest.fixture(scope="module")
def usual() -> Trained:
    """SETTINGS and seed 1."""
    return train()


@pytest.fixture(scope="module")
def frozen() -> Trained:
    """The same without stages."""
    return train(replace(SETTINGS, stages=()))


def backbone(trained: Trained) -> dict[str, np.ndarray]:
    """Its convolutions by name."""
    layer = trained.model.get_layer("backbone")
    return {weight.path: np.asarray(weight) for weight in layer.weights}


def test_the_head_learns_on_frozen_features(frozen: Trained) -> None:
    """The convolutions are what they were before; the head is not."""
    start = int(np.random.default_rng([1, transfer.START]).integers(1_000_000))
    fresh = mobilenet.build(ARCHITECTURE, seed=start)
    for ours, theirs in zip(
        frozen.model.get_layer("backbone").get_weights(),
        fresh.get_layer("backbone").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    kernel = frozen.model.get_layer("top").get_weights()[0]
    assert (kernel != fresh.get_layer("top").get_weights()[0]).any()


@pytest.mark.thorough
def test_stages_unfreeze_from_the_top(frozen: Trained, usual: Trained) -> None:
    """The first one leaves the lower half to the byte and moves the upper; the second moves
    everything.
    """
    before = backbone(frozen)
    upper = backbone(train(replace(SETTINGS, stages=SETTINGS.stages[:1])))
    moved = {
        mobilenet.depth(name) for name, array in upper.items() if (array != before[name]).any()
    }
    assert moved == set(range(UPPER_HALF, 18))
    everything = backbone(usual)
    moved = {
        mobilenet.depth(name) for name, array in everything.items() if (array != upper[name]).any()
    }
    assert moved == set(range(-1, 18))


STOP_AFTER = 6
"""Reports of progress: two while features are taken, three steps of the first stage, one of the
second.
"""


class StoppedError(Exception):
    """Somebody pulled the plug."""


@pytest.mark.thorough
def test_a_stop_changes_nothing(
    usual: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the second stage, the weights come out the same, bit by bit; a damaged state is
    refused.
    """
    monkeypatch.setattr(transfer, "KEEP_EVERY", 2)
    steps: Iterator[int] = iter(range(100))

    def progress(_pictures: int) -> None:
        if next(steps) == STOP_AFTER:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(progress=progress, checkpoint_dir=tmp_path)
    (path,) = tmp_path.iterdir()
    kept = path.read_bytes()
    told: list[int] = []
    resumed = train(progress=told.append, checkpoint_dir=tmp_path)
    assert digest(resumed) == digest(usual)
    assert [replace(one, seconds=0) for one in resumed.history] == [
        replace(one, seconds=0) for one in usual.history
    ]
    assert sum(told) == transfer.n_pictures(LABELS, SETTINGS, 1)
    path.write_bytes(kept[:2000])
    with pytest.raises(ValueError, match="delete it to start again") as caught:
        train(checkpoint_dir=tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("pictures", [5, 60, 2000])
def test_few_pictures_are_seen_more_often(pictures: int) -> None:
    """In smaller batches, until a stage has its least steps; many are seen as often as was asked
    for.
    """
    stage = transfer._fitted(replace(STAGE, batch=128), pictures, 10)
    n_steps = pictures // stage.batch
    assert stage.epochs * n_steps >= 10
    assert (stage.epochs, stage.batch) == (1, 100) or pictures < 2000


@pytest.mark.thorough
def test_every_setting_matters(frozen: Trained) -> None:
    """Head, least steps, seed, and where the convolutions came from, which the manifest tells."""
    still = replace(SETTINGS, stages=())
    assert digest(train(replace(still, head=replace(HEAD, rate=1e-3)))) != digest(frozen)
    assert digest(train(replace(still, least_steps=20))) != digest(frozen)
    assert digest(train(still, seed=2)) != digest(frozen)
    assert frozen.settings.start == "none"


def test_a_model_is_kept_and_comes_back(usual: Trained, tmp_path: Path) -> None:
    """By description and numbers alone; the card says what it is; company does not change an
    embedding.
    """
    facts = {"classes": ["a", "b", "c"], "data_sha256": "d" * 64, "metrics": {"test_accuracy": 0.5}}
    key = checkpoint.save(tmp_path / "model", usual, **facts)
    assert key.startswith("mobilenet-")
    embedder = TensorflowEmbedder.load(tmp_path / "model")
    assert embedder.view == (24, 3)
    found = embedder.embed(IMAGES)
    assert found.shape == (48, 8)
    np.testing.assert_array_equal(embedder.embed(IMAGES[[7, 40, 3]]), found[[7, 40, 3]])
    card = (tmp_path / "model" / checkpoint.CARD).read_text()
    assert "24x24 colour pictures" in card
    assert "MobileNetV2 from none; head 2 epochs" in card


def test_without_a_validation_split_there_is_no_accuracy(tmp_path: Path) -> None:
    """Unknown is null in the history, not zero."""
    trained = train(replace(SETTINGS, stages=(), head=replace(HEAD, validation_share=0.0)))
    checkpoint.save(tmp_path, trained, classes=["a", "b", "c"], data_sha256="", metrics={})
    assert '"validation_accuracy": null' in (tmp_path / checkpoint.HISTORY).read_text()


@pytest.mark.parametrize(
    ("images", "labels", "complaint"),
    [
        (IMAGES[:5], LABELS, "pictures"),
        (IMAGES[..., 0], LABELS, "pictures"),
        (IMAGES.astype(np.float32), LABELS, "pictures"),
        (IMAGES, LABELS + 1, "labels must lie in 0..2"),
    ],
)
def test_what_does_not_fit_is_refused(
    images: np.ndarray, labels: np.ndarray, complaint: str
) -> None:
    """Before anything is built."""
    with pytest.raises(ValueError, match=complaint):
        transfer.transfer(
            images, labels, architecture=ARCHITECTURE, settings=SETTINGS, start=at_random(), seed=1
        )
