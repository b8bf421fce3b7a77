"""The same seed trains the same weights, stopped on the way or not, and every setting matters."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from recommender.embedding import checkpoint
from recommender.embedding.training import own_network as training
from recommender.embedding.training.own_network import (
    augmented,
    learning_rate,
    validation_split,
)
from recommender.embedding.training.trained import Epoch, Trained
from recommender.embedding.training.training_settings import Contrast, TrainingSettings
from tests.unit.recommender.embedding.test_network import TINY

SETTINGS = TrainingSettings("tiny", epochs=2, batch=16, validation_share=0.25, compute="float32")
LABELS = np.repeat(np.arange(3, dtype=np.uint8), 24)
IMAGES = np.random.default_rng(1).integers(0, 200, (72, 28, 28)).astype(np.uint8)
IMAGES[LABELS == 1, :9] = 255
IMAGES[LABELS == 2, :, 9:18] = 0


def train(settings: TrainingSettings = SETTINGS, seed: int = 1, **more: object) -> Trained:
    """A training of a second."""
    return training.train(IMAGES, LABELS, architecture=TINY, settings=settings, seed=seed, **more)


def digest(trained: Trained) -> str:
    """Names the weights."""
    return hashlib.sha256(checkpoint.pack(trained.model.get_weights())).hexdigest()


@pytest.fixture(scope="module")
def usual() -> str:
    """The weights of SETTINGS and seed 1."""
    return digest(train())


def test_the_same_seed_trains_the_same_weights(usual: str) -> None:
    """Bit by bit; and another seed others."""
    assert digest(train()) == usual
    assert digest(train(seed=2)) != usual


def test_it_learns() -> None:
    """Three plain classes are told apart on pictures that were held out."""
    told: list[Epoch] = []
    trained = train(replace(SETTINGS, epochs=30), progress=told.append)
    assert trained.history[-1].validation_accuracy >= 0.9
    assert trained.history == tuple(told)
    assert [epoch.number for epoch in told] == list(range(1, 31))


CHANGES = {
    "epochs": 3,
    "batch": 12,
    "rate": 1e-3,
    "warm_share": 0.5,
    "schedule": "cosine",
    "weight_decay": 0.2,
    "label_smoothing": 0.2,
    "average": 0.9,
    "flip": False,
    "shift": 2,
    "erase": 9,
    "filling": "noise",
    "calm_share": 0.5,
    "appearance": 0.5,
    "appearance_axes": 4,
    "appearance_share": 0.5,
    "contrast": Contrast(),
    "validation_share": 0.5,
    "compute": "mixed_bfloat16",
}


NEEDS = {
    "filling": {"erase": 9},
    "calm_share": {"shift": 2},
    "appearance_axes": {"appearance": 0.5, "appearance_axes": 3},
    "appearance_share": {"appearance": 0.5, "appearance_axes": 3},
    "appearance": {"appearance_axes": 3},
}
"""What must be set for a setting to have anything to say."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", [field.name for field in fields(TrainingSettings) if field.name != "name"]
)
def test_every_setting_matters(usual: str, name: str) -> None:
    """Changing any one of them changes the weights."""
    base = replace(SETTINGS, **NEEDS.get(name, {}))
    before = digest(train(base)) if name in NEEDS else usual
    assert digest(train(replace(base, **{name: CHANGES[name]}))) != before


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["weight", "temperature"])
def test_every_setting_of_the_contrast_matters(name: str) -> None:
    """How much the views weigh and how sharply they are told apart; how they move is its own
    test.
    """
    base = replace(SETTINGS, contrast=Contrast())
    other = replace(SETTINGS, contrast=replace(Contrast(), **{name: 0.9}))
    assert digest(train(base)) != digest(train(other))


class _StoppedError(Exception):
    """The power went off."""


@pytest.mark.thorough
@pytest.mark.parametrize("change", [{}, {"average": 0.9}, {"contrast": Contrast()}], ids=str)
def test_a_stopped_training_goes_on_where_it_was(tmp_path: Path, change: dict[str, object]) -> None:
    """Stopped after an epoch and taken up: the weights of one never stopped, and only what was left
    ran.
    """
    settings = replace(SETTINGS, shift=1, **change)

    def stop(_: Epoch) -> None:
        raise _StoppedError

    with pytest.raises(_StoppedError):
        train(settings, progress=stop, checkpoint_dir=tmp_path)
    told: list[Epoch] = []
    resumed = train(settings, progress=told.append, checkpoint_dir=tmp_path)
    assert [epoch.number for epoch in told] == [2]
    assert [epoch.number for epoch in resumed.history] == [1, 2]
    assert digest(resumed) == digest(train(settings))


@pytest.mark.thorough
def test_a_state_of_another_training_is_not_taken_up(tmp_path: Path) -> None:
    """Another seed in the same folder starts at its first epoch."""
    train(checkpoint_dir=tmp_path)
    assert digest(train(seed=2, checkpoint_dir=tmp_path)) == digest(train(seed=2))


def test_a_damaged_state_is_refused_by_name(tmp_path: Path) -> None:
    """Cut in half, it is named in one line, with what to do."""
    train(checkpoint_dir=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match="delete it to start again") as caught:
        train(checkpoint_dir=tmp_path)
    assert str(path) in str(caught.value)


def test_the_split_takes_the_same_share_of_every_class() -> None:
    """A quarter of 24, 24 and 24; and other pictures for another seed."""
    is_validation = validation_split(LABELS, share=0.25, seed=1)
    assert np.bincount(LABELS[is_validation]).tolist() == [6, 6, 6]
    assert (is_validation != validation_split(LABELS, share=0.25, seed=2)).any()


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_rate_rises_once_and_falls_to_nearly_nothing(schedule: str) -> None:
    """Highest after the warm share, at most the rate asked for, never negative."""
    settings = replace(SETTINGS, schedule=schedule)
    rates = [learning_rate(step, 100, settings) for step in range(100)]
    top = int(np.argmax(rates))
    assert top == 25
    assert rates[top] == settings.rate
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert 0 < rates[-1] < settings.rate / 50


def test_augmentation_is_addressed_and_by_picture() -> None:
    """One address gives the same pictures, another one others, and pictures are not treated
    alike.
    """
    pictures = tf.constant(np.tile(IMAGES[:1, ..., None], (50, 1, 1, 1)))
    settings = replace(SETTINGS, flip=True, shift=2, erase=9)
    first, again, other = (
        augmented(pictures, tf.constant([1, step]), settings).numpy() for step in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert len(np.unique(first.reshape(50, -1), axis=0)) > 40
    assert first.dtype == np.uint8


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"images": IMAGES[:5]}, "pictures"),
        ({"images": IMAGES.astype(np.float32)}, "wanted uint8"),
        ({"labels": LABELS + 1}, "labels must lie in 0..2, found 1..3"),
        ({"settings": replace(SETTINGS, schedule="up")}, "schedule"),
        ({"settings": replace(SETTINGS, compute="float8")}, "compute"),
        ({"settings": replace(SETTINGS, epochs=0)}, "epochs"),
        ({"settings": replace(SETTINGS, filling="white")}, "filling must be background or noise"),
        ({"settings": replace(SETTINGS, calm_share=2.0)}, "calm_share"),
        (
            {"settings": replace(SETTINGS, appearance=1.0, appearance_axes=64)},
            "appearance_axes must lie",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], complaint: str) -> None:
    """Pictures, labels and settings are checked before anything is built."""
    usual = {
        "images": IMAGES,
        "labels": LABELS,
        "architecture": TINY,
        "settings": SETTINGS,
        "seed": 1,
    }
    with pytest.raises(ValueError, match=complaint):
        training.train(**(usual | change))


def test_bfloat16_is_chosen_only_where_the_processor_has_it(tmp_path: Path) -> None:
    """By the flags of the processor; an unreadable list means float32."""
    flags = tmp_path / "cpuinfo"
    assert training.fastest_compute(flags) == "float32"
    flags.write_text("flags : sse avx2 avx512f")
    assert training.fastest_compute(flags) == "float32"
    flags.write_text("flags : sse amx_bf16 avx2")
    assert training.fastest_compute(flags) == "mixed_bfloat16"
