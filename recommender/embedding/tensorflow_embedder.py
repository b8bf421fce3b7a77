"""Turns pictures into unit embeddings by TensorFlow, the runtime that is always there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import tensorflow as tf

from recommender.embedding import checkpoint, network
from recommender.embedding.batches import Embedding, Outputs, Pixels, Shapes

BATCH = 256
FEWER = 32
LARGE = 1_000_000
"""Parameters from which on a network is given fewer rows at once: each takes megabytes on its
way.
"""

LEAST = 8
"""Fewer rows than eight are normalised by other kernels, and give other bytes."""

FEW = 2
"""Convolutions of two rows give the bytes of many, those of a single row do not."""


def on_one_thread() -> bool:
    """Let this process compute with one thread; False where TensorFlow has begun with more.

    A few pictures are embedded before a second thread has woken, and idle threads spin beside
    whoever works next. Many pictures take up to twice as long; bytes stay the same.
    """
    with suppress(RuntimeError):  # the number is fixed once TensorFlow has begun
        tf.config.threading.set_intra_op_parallelism_threads(1)
    return bool(tf.config.threading.get_intra_op_parallelism_threads() == 1)


class TensorflowEmbedder(Embedding):
    """A network ready to embed."""

    def __init__(self, model: Any) -> None:
        """A Keras model from levels to (unit embeddings, logits), as `network` or `mobilenet`
        builds it.

        It serves as it is now: after more training, make another.
        """
        _, size, _, channels = model.input_shape
        is_ours = network.is_ours(model)
        served = _folded(model) if is_ours else model

        def outputs(pixels: Any) -> Any:
            levels = tf.cast(pixels, tf.float32)
            return served(levels[..., None] if channels == 1 else levels, training=False)

        graph = tf.function(outputs)

        def run(pixels: Pixels) -> Outputs:
            embeddings, logits = graph(tf.constant(pixels))
            return embeddings.numpy(), logits.numpy()

        super().__init__(
            run,
            shapes=Shapes(
                BATCH if model.count_params() < LARGE else FEWER, FEW if is_ours else LEAST
            ),
            size=int(size),
            channels=int(channels),
            dim=int(model.output_shape[0][-1]),
            classes=int(model.output_shape[1][-1]),
        )

    @classmethod
    def from_bytes(cls, manifest: bytes, weights: bytes) -> TensorflowEmbedder:
        """From what `checkpoint.read` gave; ValueError when it was damaged."""
        return cls(checkpoint.from_bytes(manifest, weights))

    @classmethod
    def load(cls, folder: Path) -> TensorflowEmbedder:
        """From a folder that `checkpoint.save` wrote; ValueError when it was damaged."""
        return cls(checkpoint.load(folder))


def _folded(model: Any) -> Callable[..., Any]:
    """A network of ours with its kernels standardised once. Of few rows only the last, light steps
    are padded to LEAST rows; what is heavy is computed for the rows there are.
    """
    body = network.folded(model)
    unit = model.get_layer("embedding")
    head = model.get_layer("head")

    def outputs(levels: Any, *, training: bool) -> Any:
        rows = body(levels, training=training)
        n = int(rows.shape[0])
        if n < LEAST:
            rows = tf.pad(rows, [[0, LEAST - n], [0, 0]])
        embeddings = unit(rows)
        logits = head(embeddings)
        return (embeddings, logits) if n >= LEAST else (embeddings[:n], logits[:n])

    return outputs
