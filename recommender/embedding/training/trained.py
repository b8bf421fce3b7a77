"""What a training returns: a network, and how it came to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recommender.embedding.architecture import Architecture, MobileNet

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training pictures gave; seconds of wall time, validation included."""

    number: int
    of: int
    loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Trained:
    """A float32 Keras model and how it came to be.

    settings: every number of the training. timings: seconds of "wall" and "cpu", resumptions included.
    axes: of the edge histograms beside what the model gives, float32 [entries, architecture.edges]; None
    where there are none.
    """

    model: Any
    architecture: Architecture | MobileNet
    settings: DataclassInstance
    seed: int
    history: tuple[Epoch, ...]
    timings: Mapping[str, float]
    axes: NDArray[np.float32] | None = None
