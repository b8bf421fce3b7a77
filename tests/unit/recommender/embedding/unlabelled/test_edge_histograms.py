"""Outlines: what is counted of them, and that the embedder which looks at them is exact and
checked.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sqlalchemy import Engine

from db import models
from db.embeddings import EmbedderKey
from db.engine import write_transaction
from db.errors import DataError
from recommender.embedding import checkpoint
from recommender.embedding.batches import Embedding
from recommender.embedding.open import embedding_runtime, needs_network, open_embedder
from recommender.embedding.unlabelled import edge_histograms
from recommender.embedding.unlabelled import registry as unlabelled
from recommender.embedding.unlabelled.edge_histograms import EdgeHistogramEmbedder
from recommender.embedding.unlabelled.pixel_pca import PixelPcaEmbedder
from workers.knowledge import Library

RNG = np.random.default_rng(4)
PIXELS = gaussian_filter(RNG.integers(0, 256, (200, 28, 28)).astype(float), (0, 2, 2)).astype(
    np.uint8
)
MANIFEST, WEIGHTS = edge_histograms.fit(PIXELS, classes=["a"], data_sha256="0")
EMBEDDER = EdgeHistogramEmbedder.from_bytes(MANIFEST, WEIGHTS)


def slow_histograms(picture: np.ndarray) -> np.ndarray:
    """Pixel by pixel, direction by direction, cell by cell."""
    smooth = gaussian_filter(np.sqrt(picture / 255), 0.7)
    rows = []
    for cell in (7, 4):
        n = 28 // cell
        sums = np.zeros((8, n, n))
        for y in range(28):
            for x in range(28):
                down = _slope(smooth[:, x], y)
                right = _slope(smooth[y], x)
                turn = np.arctan2(down, right) % np.pi / (np.pi / 8) - 0.5
                share = turn - np.floor(turn)
                for direction, part in ((np.floor(turn), 1 - share), (np.floor(turn) + 1, share)):
                    for i in range(n):
                        for j in range(n):
                            near = [
                                max(0, 1 - abs(p - (k + 0.5) * cell + 0.5) / cell)
                                for p, k in ((y, i), (x, j))
                            ]
                            sums[int(direction) % 8, i, j] += (
                                np.hypot(right, down) * part * near[0] * near[1]
                            )
        row = np.sqrt(sums.ravel())
        rows.append(row / np.linalg.norm(row))
    return np.concatenate(rows)


def _slope(line: np.ndarray, at: int) -> float:
    if at == 0:
        return float(line[1] - line[0])
    if at == 27:
        return float(line[27] - line[26])
    return float(line[at + 1] - line[at - 1]) / 2


def test_histograms_are_those_counted_pixel_by_pixel() -> None:
    """The slow twin, on a picture of noise and on one of a bright bar."""
    bar = np.zeros((28, 28), np.uint8)
    bar[5:20, 12:15] = 200
    for picture in (PIXELS[0], bar):
        np.testing.assert_allclose(
            edge_histograms.histograms(picture[None])[0], slow_histograms(picture), atol=1e-9
        )


def test_light_and_dark_count_alike() -> None:
    """An edge has no side: what is turned inside out has the same directions, if not the same
    strengths.
    """
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[:, :, 14:] = 255
    np.testing.assert_allclose(
        edge_histograms.histograms(bar), edge_histograms.histograms(255 - bar), atol=1e-9
    )


def test_a_picture_has_the_same_bytes_in_any_batch() -> None:
    """Alone, in company, in another order; rows of norm 1, a blank one too."""
    whole = EMBEDDER.embed(PIXELS)
    order = RNG.permutation(len(PIXELS))
    assert EMBEDDER.embed(PIXELS[order]).tobytes() == whole[order].tobytes()
    alone = np.concatenate([EMBEDDER.embed(PIXELS[row : row + 1]) for row in range(20)])
    assert alone.tobytes() == whole[:20].tobytes()
    blank = EMBEDDER.embed(np.zeros((1, 28, 28), np.uint8))
    assert np.linalg.norm(np.concatenate([whole, blank]), axis=1) == pytest.approx(1, abs=1e-5)


def test_its_axes_keep_the_cosines_of_the_histograms() -> None:
    """Nearly: 128 axes of 200 pictures hold almost all there is."""
    rows = edge_histograms.histograms(PIXELS) / np.sqrt(2)
    found = EMBEDDER.embed(PIXELS)
    assert np.abs(found @ found.T - rows @ rows.T).max() < 0.02


def no_network(manifest: bytes, weights: bytes) -> Embedding:
    """Makes networks; none of these is one."""
    raise AssertionError(f"{len(manifest)} and {len(weights)} bytes were taken for a network")


def test_a_manifest_says_whether_it_needs_a_network() -> None:
    """What learned no labels has a runtime of its own, a network the one that it is given."""
    plain, _ = checkpoint.verify(MANIFEST, WEIGHTS)
    network = {"architecture": {"name": "cnn-best"}}
    assert (needs_network(plain), needs_network(network)) == (False, True)
    assert embedding_runtime(plain, "tensorflow-2.21") == unlabelled.RUNTIME
    assert embedding_runtime(network, "tensorflow-2.21") == "tensorflow-2.21"


def test_each_unlabelled_model_is_made_from_its_own_bytes() -> None:
    """By the name in the manifest; what is damaged, or a network, is refused."""
    assert isinstance(open_embedder(MANIFEST, WEIGHTS, no_network), EdgeHistogramEmbedder)
    other = unlabelled.FITS["pca-64"](PIXELS, classes=["a"], data_sha256="0")
    assert isinstance(open_embedder(*other, no_network), PixelPcaEmbedder)
    with pytest.raises(ValueError, match="damaged"):
        open_embedder(MANIFEST, WEIGHTS[:-1] + b"\x01", no_network)
    with pytest.raises(ValueError, match="wanted edges-128, found 'pca-64'"):
        EdgeHistogramEmbedder.from_bytes(*other)
    plain, _ = checkpoint.verify(MANIFEST, WEIGHTS)
    assert checkpoint.model_key(plain).startswith("edges-128-")


def test_a_worker_opens_it_under_its_own_runtime_only(sqlite: Engine) -> None:
    """Vectors of it never come under the key of a network's runtime, which other arithmetic would
    share.
    """
    plain, _ = checkpoint.verify(MANIFEST, WEIGHTS)
    key = checkpoint.model_key(plain)
    with write_transaction(sqlite) as conn:
        models.add(conn, key, MANIFEST, WEIGHTS)
    assert isinstance(
        Library(sqlite).embedder(EmbedderKey(key, unlabelled.RUNTIME)), EdgeHistogramEmbedder
    )
    with pytest.raises(DataError, match=r"computed by numpy, not by tensorflow-2\.21"):
        Library(sqlite).embedder(EmbedderKey(key, "tensorflow-2.21"))
