"""MobileNetV2 as we build it is Keras' own with its normalisations folded in, from any weights file
of it.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from recommender.embedding import mobilenet, pretrained
from recommender.embedding.architecture import Architecture, MobileNet, described
from recommender.embedding.network import PRESETS

SMALL = MobileNet(size=28, channels=1, resolution=40, alpha=0.35, dim=8, classes=3)
WEIGHTS = "WINDOWSHOP_TEST_MOBILENET_WEIGHTS"
"""Where a real weights file of alpha 1 lies; without it, one of random numbers is made."""


def keras_model(alpha: float, side: int = 96) -> keras.Model:
    """Keras' own, with normalisations that do something."""
    model = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), alpha=alpha, include_top=False, weights=None, pooling="avg"
    )
    rng = np.random.default_rng(3)
    for variable in model.variables:
        if "moving_variance" in variable.path or "gamma" in variable.path:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif "moving_mean" in variable.path or "beta" in variable.path:
            variable.assign(rng.normal(0, 0.2, variable.shape))
    return model


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Keras weights file of alpha 1."""
    if given := os.environ.get(WEIGHTS):
        return Path(given)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras' own, of NumPy 2
        keras_model(1.0).save_weights(path)
    return path


@pytest.fixture(scope="module")
def start(weights_file: Path) -> pretrained.Start:
    """What the file holds."""
    return pretrained.from_file(weights_file)


@pytest.mark.parametrize("channels", [1, 3])
def test_it_answers_as_keras_does(start: pretrained.Start, channels: int) -> None:
    """Folded convolutions give the features of Keras' model, grey pictures those of three equal
    channels.
    """
    architecture = MobileNet(size=32, channels=channels, resolution=64)
    ours = mobilenet.build(architecture, seed=1).get_layer("backbone")
    assert start.arrays is not None
    ours.set_weights(mobilenet.folded(start.arrays, architecture))
    theirs = keras.applications.MobileNetV2(
        input_shape=(64, 64, 3), include_top=False, weights=None, pooling="avg"
    )
    for variable in theirs.variables:
        variable.assign(start.arrays["/".join(variable.path.split("/")[-2:])])
    pixels = np.random.default_rng(1).integers(0, 256, (3, 32, 32, channels)).astype(np.float32)
    levels = np.asarray(mobilenet.seen(architecture, pixels))
    expected = np.asarray(theirs(np.repeat(levels, 3, axis=3) if channels == 1 else levels))
    np.testing.assert_allclose(np.asarray(ours(pixels)), expected, atol=1e-3)
    assert expected.std() > 0


def test_pictures_are_seen_as_photos() -> None:
    """Grey levels light on dark are turned dark on light; -1..1; scaled to the resolution."""
    black = np.asarray(mobilenet.seen(SMALL, np.zeros((1, 28, 28, 1), np.float32)))
    assert black.shape == (1, 40, 40, 1)
    assert (black == 1).all()
    colour = MobileNet(size=40, resolution=40)
    assert (np.asarray(mobilenet.seen(colour, np.zeros((1, 40, 40, 3), np.float32))) == -1).all()


def test_what_comes_out_is_a_unit_row_and_logits() -> None:
    """Of the dimensions that were asked for; the logits are scaled cosines."""
    model = mobilenet.build(SMALL, seed=1)
    embeddings, logits = model(
        np.random.default_rng(1).uniform(0, 255, (5, 28, 28, 1)).astype(np.float32)
    )
    assert embeddings.shape == (5, 8)
    assert logits.shape == (5, 3)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert np.abs(logits).max() <= SMALL.scale + 1e-4


def test_every_weight_has_a_depth_and_depth_rises() -> None:
    """From the first convolution, -1, over seventeen blocks to what stands behind them."""
    depths = [mobilenet.depth(weight.path) for weight in mobilenet.build(SMALL, seed=1).weights]
    assert depths == sorted(depths)
    assert set(depths) == set(range(-1, 18))


def test_the_full_width_has_the_papers_parameters() -> None:
    """2.22 million convolution weights, as in Keras without its normalisations."""
    model = mobilenet.build(MobileNet(), seed=1).get_layer("backbone")
    theirs = keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), include_top=False, weights=None
    )
    kernels = sum(int(np.prod(one.shape)) for one in theirs.weights if "kernel" in one.path)
    assert sum(int(np.prod(one.shape)) for one in model.weights if "kernel" in one.path) == kernels


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"channels": 2}, "1 or 3 channels"),
        ({"backbone": "resnet"}, "mobilenet-v2"),
        ({"alpha": 90.0}, "alpha"),
        ({"resolution": 10**9}, "sizes must lie"),
        ({"size": 0}, "sizes must lie"),
        ({"depth": 3}, "not an architecture"),
    ],
)
def test_a_damaged_description_is_refused(change: dict[str, object], complaint: str) -> None:
    """Before anything of its size is asked for."""
    with pytest.raises(ValueError, match=complaint):
        described({**SMALL.to_json(), **change})


def test_a_description_says_which_network_it_is() -> None:
    """Ours have no `backbone`."""
    assert described(SMALL.to_json()) == SMALL
    assert isinstance(described(PRESETS["quick"].to_json()), Architecture)


@pytest.mark.parametrize("spoil", ["nothing", "text", "half", "another width"])
def test_a_file_that_is_none_is_refused_by_name(
    weights_file: Path, tmp_path: Path, spoil: str
) -> None:
    """In one line, whatever HDF5 has to say about it."""
    path = tmp_path / "bad.weights.h5"
    content = weights_file.read_bytes()
    if spoil == "text":
        path.write_text("no weights")
    elif spoil == "half":
        path.write_bytes(content[: len(content) // 2])
    elif spoil == "another width":
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.weights\.h5") as told:
        pretrained.from_file(path, alpha=0.35 if spoil == "another width" else 1.0)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["x.keras", "renamed.weights.h5"])
def test_a_model_in_keras_own_format_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever its name: it is known by its content, and Keras never sees it."""
    made = tmp_path / "made.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras' own, of NumPy 2
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(made)
    path = made.rename(tmp_path / name)
    monkeypatch.setattr(keras.Model, "load_weights", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(
        ValueError, match=r"weights alone \(\.h5\), found a model in Keras' own format"
    ):
        pretrained.from_file(path)


def test_weights_that_never_end_are_refused() -> None:
    """The limit stands in the line."""
    with pytest.raises(ValueError, match="at most 200,000,000 bytes, found a larger one"):
        pretrained.from_file(Path("/dev/zero"))
