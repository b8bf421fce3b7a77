"""Turns pictures into unit embeddings by TensorFlow, the runtime that is always there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from recommender import checkpoint
from recommender.batches import Answer, Embedding, Pixels, Shapes

BATCH, FEWER = 256, 32
LARGE = 1_000_000
"""Parameters from which on a network is given fewer rows at once: each takes megabytes on its way."""

FEW = 8
"""Fewer rows than eight take other kernels, and give other bytes."""


class Embedder(Embedding):
    """A network ready to embed."""

    def __init__(self, model: Any) -> None:
        """A Keras model from levels to (unit embeddings, logits), as `network` or `mobilenet` builds it."""
        _, size, _, channels = model.input_shape

        def answer(pixels: Any) -> Any:
            levels = tf.cast(pixels, tf.float32)
            return model(levels[..., None] if channels == 1 else levels, training=False)

        graph = tf.function(answer)

        def run(pixels: Pixels) -> Answer:
            embeddings, logits = graph(tf.constant(pixels))
            return embeddings.numpy(), logits.numpy()

        super().__init__(
            run,
            shapes=Shapes(BATCH if model.count_params() < LARGE else FEWER, FEW),
            size=int(size),
            channels=int(channels),
            dim=int(model.output_shape[0][-1]),
            classes=int(model.output_shape[1][-1]),
        )

    @classmethod
    def from_bytes(cls, manifest: bytes, weights: bytes) -> Embedder:
        """From what `checkpoint.read` gave; ValueError when it was damaged."""
        return cls(checkpoint.from_bytes(manifest, weights))

    @classmethod
    def load(cls, folder: Path) -> Embedder:
        """From a folder that `checkpoint.save` wrote; ValueError when it was damaged."""
        return cls(checkpoint.load(folder))
