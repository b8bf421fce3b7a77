"""Turns pictures into unit embeddings by TensorFlow, the runtime that is always there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from recommender import checkpoint
from recommender.batches import Answer, Embedding, Pixels, Shapes

BATCH = 256
FEW = 8
"""Fewer rows than eight take other kernels, and give other bytes."""


class Embedder(Embedding):
    """A network ready to embed."""

    def __init__(self, model: Any) -> None:
        """A Keras model from grey levels to (unit embeddings, logits), as `network.build` makes it."""
        graph = tf.function(lambda pixels: model(tf.cast(pixels, tf.float32)[..., None], training=False))

        def run(pixels: Pixels) -> Answer:
            embeddings, logits = graph(tf.constant(pixels))
            return embeddings.numpy(), logits.numpy()

        super().__init__(
            run,
            shapes=Shapes(BATCH, FEW),
            size=int(model.input_shape[1]),
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
