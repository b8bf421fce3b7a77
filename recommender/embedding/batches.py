"""Embeds in batches of one shape, so that a picture's bytes do not depend on what is embedded with
it.

Float32 sums depend on the shape of the batch they are computed in. So there is one shape: every
batch is padded to it, and a row's arithmetic never touches another row. Where one picture must be
answered quickly, a second, small shape is used, but only after it has been seen to give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Embeddings [n, dim] and logits [n, classes]."""

PROBES = 4


class Shapes(NamedTuple):
    """Rows of a batch: the shape of every day, and the small one that may stand in for it."""

    batch: int
    few: int


class Embedding:
    """A network ready to embed, whatever runs it.

    view: side and channels of the pictures it is given; below, `size` and in colour a last axis of
    3.
    """

    def __init__(
        self,
        run: Callable[[Pixels], Outputs],
        *,
        shapes: Shapes,
        size: int,
        dim: int,
        classes: int,
        channels: int = 1,
    ) -> None:
        """run: embeddings and logits of pixels uint8 [n, size, size(, 3)], n one of the shapes."""
        self.view = (size, channels)
        self._wanted = (size, size) if channels == 1 else (size, size, channels)
        self.dim = dim
        self.classes = classes
        self._run = run
        self._shapes = shapes
        self._few: int | None = None

    def embed(self, pixels: Pixels) -> NDArray[np.float32]:
        """Embeddings float32 [n, dim], unit rows, of pixels uint8 [n, size, size]."""
        return self.outputs(pixels)[0]

    def classify(self, pixels: Pixels) -> NDArray[np.int64]:
        """The class [n] whose direction is nearest, of pixels uint8 [n, size, size]."""
        guesses: NDArray[np.int64] = self.outputs(pixels)[1].argmax(1)
        return guesses

    def outputs(self, pixels: Pixels) -> Outputs:
        """Embeddings float32 [n, dim], unit rows, and logits [n, classes] of pixels uint8 [n, size,
        size].
        """
        if pixels.dtype != np.uint8 or pixels.shape[1:] != self._wanted:
            wanted = ", ".join(map(str, self._wanted))
            raise ValueError(
                f"wanted uint8 [n, {wanted}], found {pixels.dtype} {list(pixels.shape)}"
            )
        embeddings = np.empty((len(pixels), self.dim), np.float32)
        logits = np.empty((len(pixels), self.classes), np.float32)
        rows = self._few if self._few and len(pixels) <= self._few else self._shapes.batch
        pieces = [slice(start, start + rows) for start in range(0, len(pixels), rows)]
        for piece, (some, others) in zip(
            pieces, self._outputs_of(pixels, pieces, rows), strict=True
        ):
            n = len(embeddings[piece])
            embeddings[piece] = some[:n]
            logits[piece] = others[:n]
        if not (np.abs(np.linalg.norm(embeddings, axis=1) - 1) <= 1e-5).all():
            raise ValueError("the network gave rows that are not of unit length")
        return embeddings, logits

    def quicken(self) -> bool:
        """Let a few pictures be embedded in the small shape from now on; False where bytes would
        differ.

        Both shapes are computed for as many noisy pictures as fill a batch, and compared.
        """
        batch, few = self._shapes
        n_levels = batch * prod(self._wanted)
        noise = (np.arange(n_levels, dtype=np.uint64) * np.uint64(2654435761)) >> np.uint64(13)
        probe = noise.astype(np.uint8).reshape(batch, *self._wanted)
        whole = self._run(probe)
        starts = np.linspace(0, batch - few, PROBES).astype(int).tolist()
        pairs = (
            (self._run(probe[at : at + few]), [one[at : at + few] for one in whole])
            for at in starts
        )
        if all(
            np.array_equal(a, b)
            for small, large in pairs
            for a, b in zip(small, large, strict=True)
        ):
            self._few = few
        return self._few is not None

    def _outputs_of(self, pixels: Pixels, pieces: Iterable[slice], rows: int) -> Iterable[Outputs]:
        return (self._run(padded) for padded in self._padded(pixels, pieces, rows))

    def _padded(self, pixels: Pixels, pieces: Iterable[slice], rows: int) -> Iterator[Pixels]:
        for piece in pieces:
            part = pixels[piece]
            if len(part) < rows:
                part = np.concatenate(
                    [part, np.zeros((rows - len(part), *part.shape[1:]), np.uint8)]
                )
            yield part
