"""A saved network comes back bit by bit, and nothing that was touched since comes back at all."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recommender.embedding import checkpoint, network
from recommender.embedding.training.trained import Epoch, Trained
from recommender.embedding.training.training_settings import TrainingSettings
from tests.unit.recommender.embedding.test_network import TINY, pictures

FACTS = {
    "classes": ["hat", "bag", "shoe"],
    "data_sha256": "d" * 64,
    "metrics": {"test_accuracy": 0.5},
}


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A fresh network passed off as trained."""
    settings = TrainingSettings("tiny", epochs=1)
    history = (Epoch(1, 1, 0.7, 0.6, 1.5),)
    return Trained(
        network.build(TINY, seed=3), TINY, settings, 3, history, {"wall": 1.5, "cpu": 2.5}
    )


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    """A saved model."""
    checkpoint.save(tmp_path / "model", trained, **FACTS)
    return tmp_path / "model"


def test_a_loaded_network_is_the_saved_one(trained: Trained, folder: Path) -> None:
    """Same weights, same embeddings, to the last bit."""
    found = checkpoint.load(folder)
    for ours, theirs in zip(trained.model.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(trained.model(pictures(4))[0], found(pictures(4))[0])


def test_the_same_weights_are_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    """Two savings give equal manifests and weights, and the key names architecture and weights."""
    keys = [checkpoint.save(tmp_path / name, trained, **FACTS) for name in ("a", "b")]
    assert checkpoint.read(tmp_path / "a") == checkpoint.read(tmp_path / "b")
    digest = hashlib.sha256((tmp_path / "a" / checkpoint.WEIGHTS).read_bytes()).hexdigest()
    assert keys == [f"tiny-{digest[:12]}"] * 2


def test_the_manifest_says_what_made_the_model(folder: Path) -> None:
    """Architecture, settings, seed, data, metrics, versions; the card tells them in words."""
    manifest = json.loads((folder / checkpoint.MANIFEST).read_text())
    assert manifest["seed"] == 3
    assert manifest["dim"] == 6
    assert manifest["training"]["epochs"] == 1
    assert manifest["metrics"] == {"test_accuracy": 0.5}
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["tensorflow"])
    card = (folder / checkpoint.CARD).read_text()
    for part in (
        checkpoint.model_key(manifest),
        "hat, bag, shoe",
        "test_accuracy: 0.5000",
        "d" * 64,
    ):
        assert part in card


def test_nothing_half_written_is_left(folder: Path) -> None:
    """Four files and no partial one."""
    names = {checkpoint.MANIFEST, checkpoint.WEIGHTS, checkpoint.CARD, checkpoint.HISTORY}
    assert {path.name for path in folder.iterdir()} == names


def flip(weights: bytes) -> bytes:
    """One bit of the middle byte turned."""
    middle = len(weights) // 2
    return weights[:middle] + bytes([weights[middle] ^ 1]) + weights[middle + 1 :]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (flip, "damaged"),
        (lambda weights: weights[:-1], "cut off"),
        (lambda weights: weights + b"\0" * 4, "wanted .* bytes, found"),
        (lambda _: b"", "found 0"),
    ],
)
def test_damaged_weights_are_refused_by_name(
    folder: Path, damage: Callable[[bytes], bytes], complaint: str
) -> None:
    """A flipped bit, a cut, a tail and an empty file: one line that names the file."""
    path = folder / checkpoint.WEIGHTS
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=complaint) as caught:
        checkpoint.load(folder)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def forged(
    trained: Trained, change: Callable[[dict], None], weights: bytes | None = None
) -> tuple[bytes, bytes]:
    """A manifest changed by hand, whose checksum fits the weights all the same."""
    manifest, original = checkpoint.describe(trained, **FACTS)
    plain = json.loads(manifest)
    change(plain)
    weights = original if weights is None else weights
    plain["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    return json.dumps(plain).encode(), weights


def test_numbers_that_are_not_finite_are_refused(trained: Trained) -> None:
    """One NaN among the weights, with a right checksum."""
    arrays = [array.copy() for array in trained.model.get_weights()]
    arrays[1].flat[0] = np.nan
    with pytest.raises(ValueError, match=r"weights\.bin: holds numbers that are not finite"):
        checkpoint.from_bytes(*forged(trained, lambda _: None, checkpoint.pack(arrays)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda plain: plain["weights"][0]["shape"].reverse(),
            "weights.bin: wanted the shapes of tiny",
        ),
        (lambda plain: plain["weights"].reverse(), "weights.bin: wanted the shapes of tiny"),
        (lambda plain: plain["weights"][0].update(shape=[-1, 2]), "no array of weights"),
        (
            lambda plain: plain["architecture"].update(dim=7),
            "weights.bin: wanted the shapes of tiny",
        ),
        (lambda plain: plain["architecture"].update(dim=0), "no such network"),
        (lambda plain: plain["architecture"].update(dim=10**12), "no such network"),
        (lambda plain: plain["architecture"].update(surprise=1), "no such network"),
        (lambda plain: plain.update(schema=2), "schema 2"),
        (lambda plain: plain.pop("weights"), "not a manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    trained: Trained, change: Callable[[dict], None], complaint: str
) -> None:
    """Wrong shapes, order, sizes, schema: ValueError before any number is used."""
    with pytest.raises(ValueError, match=complaint):
        checkpoint.from_bytes(*forged(trained, change))


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"null", b"\xff", b"{}"])
def test_a_file_that_is_no_manifest_is_refused(manifest: bytes) -> None:
    """Empty, cut, foreign: ValueError that names the file."""
    with pytest.raises(ValueError, match=r"manifest\.json: not a manifest"):
        checkpoint.verify(manifest, b"")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """An empty folder is not a model."""
    with pytest.raises(ValueError, match=r"manifest\.json: cannot be read"):
        checkpoint.load(tmp_path)
