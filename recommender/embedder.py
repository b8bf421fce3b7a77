"""Turns pictures into unit embeddings, the same bytes for a picture whatever is embedded with it.

Float32 sums depend on the shape of the batch they are computed in. So there is one shape: every batch is
padded to `BATCH` rows, and a row's arithmetic never touches another row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from recommender import checkpoint

Pixels = NDArray[np.uint8]

BATCH = 256


def runtime_key() -> str:
    """The part of an embedding's key that names the arithmetic: "tensorflow-2.21"."""
    return "tensorflow-" + ".".join(tf.__version__.split(".")[:2])


class Embedder:
    """A network ready to embed."""

    def __init__(self, model: Any) -> None:
        """A Keras model from grey levels to (unit embeddings, logits), as `network.build` makes it."""
        self._size = int(model.input_shape[1])
        self.dim = int(model.output_shape[0][-1])
        self.classes = int(model.output_shape[1][-1])
        shape = tf.TensorSpec((BATCH, self._size, self._size, 1), tf.uint8)
        self._run = tf.function(
            lambda pixels: model(tf.cast(pixels, tf.float32), training=False), input_signature=[shape]
        )

    @classmethod
    def from_bytes(cls, manifest: bytes, weights: bytes) -> Embedder:
        """From what `checkpoint.read` gave; ValueError when it was damaged."""
        return cls(checkpoint.from_bytes(manifest, weights))

    @classmethod
    def load(cls, folder: Path) -> Embedder:
        """From a folder that `checkpoint.save` wrote; ValueError when it was damaged."""
        return cls(checkpoint.load(folder))

    def embed(self, pixels: Pixels) -> NDArray[np.float32]:
        """Embeddings float32 [n, dim], unit rows, of pixels uint8 [n, size, size]."""
        return self.answer(pixels)[0]

    def classify(self, pixels: Pixels) -> NDArray[np.int64]:
        """The class [n] whose direction is nearest, of pixels uint8 [n, size, size]."""
        guesses: NDArray[np.int64] = self.answer(pixels)[1].argmax(1)
        return guesses

    def answer(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Embeddings float32 [n, dim], unit rows, and logits [n, classes] of pixels uint8 [n, size, size]."""
        embeddings = np.empty((len(pixels), self.dim), np.float32)
        logits = np.empty((len(pixels), self.classes), np.float32)
        for rows, found in self._batches(pixels):
            embeddings[rows], logits[rows] = found
        if not (np.abs(np.linalg.norm(embeddings, axis=1) - 1) <= 1e-5).all():
            raise ValueError("the network gave rows that are not of unit length")
        return embeddings, logits

    def _batches(self, pixels: Pixels) -> Iterator[tuple[slice, list[NDArray[np.float32]]]]:
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (self._size, self._size):
            raise ValueError(
                f"wanted uint8 [n, {self._size}, {self._size}], found {pixels.dtype} {list(pixels.shape)}"
            )
        for start in range(0, len(pixels), BATCH):
            part = pixels[start : start + BATCH, ..., None]
            padded = np.zeros((BATCH, *part.shape[1:]), np.uint8)
            padded[: len(part)] = part
            yield (
                slice(start, start + len(part)),
                [out.numpy()[: len(part)] for out in self._run(tf.constant(padded))],
            )
