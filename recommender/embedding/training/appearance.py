"""What tells apart the pictures of one class: coordinates for a part of the embedding to say again.

A network that is trained to name classes forgets everything else: within a class all cosines
approach one (Papyan, Han, Donoho 2020, "Prevalence of neural collapse"). Shoppers choose within a
class. So the training may ask that the last numbers of an embedding say where a picture stands
among its class, in the directions along which the pixels differ most there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LIMIT = 2.0
"""Coordinates are cut where their length is so many times its usual value: an odd one must not
lead.
"""


def within_class(
    images: NDArray[np.uint8], labels: NDArray[np.integer[Any]], n_components: int
) -> NDArray[np.float32]:
    """Where images uint8 [n, h, w] stand among their class: float32 [n, n_components], mean square
    length 1.

    Pixels less the mean of the class, over the deviation of the class; then their leading principal
    components, each divided by the root of its deviation: between all alike (noise as loud as
    shape) and as they are (darkness alone). A class of equal pictures stands at 0.

    Raises ValueError for more components than pixels.
    """
    pixels = images.reshape(len(images), -1).astype(np.float32)
    if not 0 < n_components <= pixels.shape[1]:
        raise ValueError(f"components must lie in 1..{pixels.shape[1]}, found {n_components}")
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        centred = pixels[rows] - pixels[rows].mean(0)
        pixels[rows] = centred / max(float(centred.std()), 1e-6)
    values, components = np.linalg.eigh((pixels.T @ pixels).astype(np.float64) / len(pixels))
    leading = np.maximum(values[::-1][:n_components], 1e-12)
    found = pixels.astype(np.float64) @ (components[:, ::-1][:, :n_components] / leading**0.25)
    usual = float(np.sqrt((found**2).sum(1).mean())) or 1.0
    found /= usual
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found * np.minimum(1, LIMIT / np.maximum(length, 1e-12)), np.float32)
