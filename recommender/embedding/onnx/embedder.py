"""Turns pictures into unit embeddings by ONNX Runtime: the extra `onnx`, small and quick."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnxruntime

from recommender.embedding import checkpoint
from recommender.embedding.architecture import Architecture
from recommender.embedding.batches import Embedding, Outputs, Pixels, Shapes
from recommender.embedding.onnx.graph import export

BATCH = 64
FEWER = 8
"""Small, because every batch at work holds its own memory; a MobileNet takes megabytes a
picture.
"""


class OnnxEmbedder(Embedding):
    """A network ready to embed.

    Batches are spread over the cores, one thread each: that costs less than dividing every
    operation of a batch among threads, and bytes cannot depend on how many there are.
    """

    def __init__(self, manifest: bytes, weights: bytes) -> None:
        """From what `checkpoint.read` gave; ValueError when it was damaged."""
        architecture, graph = export(manifest, weights)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # errors only
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._threads = max(1, os.cpu_count() or 1)

        def run(pixels: Pixels) -> Outputs:
            embeddings, logits = session.run(None, {"pixels": pixels})
            return embeddings, logits

        super().__init__(
            run,
            shapes=Shapes(BATCH if isinstance(architecture, Architecture) else FEWER, 1),
            size=architecture.size,
            channels=1 if isinstance(architecture, Architecture) else architecture.channels,
            dim=architecture.dim,
            classes=architecture.classes,
        )

    @classmethod
    def from_bytes(cls, manifest: bytes, weights: bytes) -> OnnxEmbedder:
        """From what `checkpoint.read` gave; ValueError when it was damaged."""
        return cls(manifest, weights)

    @classmethod
    def load(cls, folder: Path) -> OnnxEmbedder:
        """From a folder that `checkpoint.save` wrote; ValueError when it was damaged."""
        return cls(*checkpoint.read(folder))

    def _outputs_of(self, pixels: Pixels, pieces: Iterable[slice], rows: int) -> Iterable[Outputs]:
        pieces = list(pieces)
        if len(pieces) < 2 or self._threads < 2:
            return super()._outputs_of(pixels, pieces, rows)
        with ThreadPoolExecutor(min(self._threads, len(pieces))) as threads:
            return list(threads.map(self._run, self._padded(pixels, pieces, rows)))
