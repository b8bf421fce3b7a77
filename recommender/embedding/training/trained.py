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
    """A network and how it came to be."""

    model: Any
    """A Keras model in float32."""

    architecture: Architecture | MobileNet

    settings: DataclassInstance
    """Every number of the training."""

    seed: int

    history: tuple[Epoch, ...]

    timings: Mapping[str, float]
    """Seconds of "wall" and "cpu", resumptions included."""

    edge_components: NDArray[np.float32] | None = None
    """[entries, architecture.edges]: principal components of edge histograms; None: there are
    none.
    """
