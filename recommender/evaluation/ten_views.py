"""What a network says of a picture seen ten ways: in its place and a pixel off it, each also
mirrored.

The mean of what it says of all of them errs less often than what it says of one, at ten times the
cost (Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural
networks", there with crops).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from recommender.embedding.batches import Embedding, Pixels

MOVES = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
"""Pixels down and to the right."""

N_VIEWS = 2 * len(MOVES)


def views(pixels: Pixels) -> Iterator[Pixels]:
    """Pictures uint8 [n, height, width], light on dark, in each of the ten ways; edges are filled
    with 0.
    """
    for down, right in MOVES:
        moved = np.roll(pixels, (down, right), axis=(1, 2))
        if down:
            moved[:, 0 if down > 0 else -1] = 0
        if right:
            moved[:, :, 0 if right > 0 else -1] = 0
        yield moved
        yield np.ascontiguousarray(moved[:, :, ::-1])


def mean_logits(
    network: Embedding, pixels: Pixels, *, step: Callable[[int], None] = lambda _n: None
) -> NDArray[np.float32]:
    """float32 [n, classes]; step is called after each view with how many pictures that were."""
    total = np.zeros((len(pixels), network.classes), np.float32)
    for seen in views(pixels):
        total += network.outputs(seen)[1]
        step(len(pixels))
    return total / np.float32(N_VIEWS)
