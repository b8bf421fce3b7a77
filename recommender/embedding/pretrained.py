"""MobileNetV2's pretrained numbers: Keras' ImageNet download or a weights file; arrays, never
code.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from recommender.embedding.mobilenet import EPSILON

IMAGENET = "imagenet"
NONE = "none"

LARGEST = 200_000_000
"""Bytes; MobileNetV2's own has 9.4 million."""
HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK"

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Start:
    """Where a training begins."""

    origin: str
    """"imagenet", "none", or "file"."""
    sha256: str = ""
    """Of the weights file, or of nothing."""
    arrays: Mapping[str, Array] | None = None
    """By layer and weight, as Keras names them; None: at random."""


def at_random() -> Start:
    """No pretrained numbers."""
    return Start(NONE)


def from_imagenet(alpha: float = 1.0) -> Start:
    """Keras' own weights, fetched unless Keras' cache has them; ValueError when they cannot be
    had.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes other than ImageNet's
        try:
            model = _keras_model(alpha, weights=IMAGENET)
        except Exception as error:
            raise ValueError(f"Keras' ImageNet weights cannot be had ({_line(error)})") from None
    arrays = _arrays(model)
    digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest()
    return Start(IMAGENET, digest, arrays)


def has_imagenet(keras_home: Path) -> bool:
    """Whether Keras' cache has some size of these weights already."""
    return any(
        (keras_home / "models").glob(
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_*_no_top.h5"
        )
    )


def from_file(path: Path, alpha: float = 1.0) -> Start:
    """A Keras weights file of MobileNetV2 without its top; ValueError when it is anything else."""
    digest = _digest(path)
    model = _keras_model(alpha, weights=None)
    try:
        model.load_weights(path)
    except Exception as error:
        raise ValueError(
            f"{path}: wanted Keras weights of MobileNetV2 (alpha {alpha:g}, include_top=False),"
            f" found others or a damaged file ({_line(error)})"
        ) from None
    arrays = _arrays(model)
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(f"{path}: holds numbers that are not finite")
    return Start("file", digest, arrays)


def _digest(path: Path) -> str:
    """The sha256 of an HDF5 file of a weights file's size; ValueError before Keras sees any
    other.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > LARGEST:
        raise ValueError(
            f"{path}: wanted a weights file of at most {LARGEST:,} bytes, found a larger one"
        )
    if content.startswith(ZIP):  # it holds a description of layers, which Keras would follow
        raise ValueError(
            f"{path}: wanted weights alone (.h5), found a model in Keras' own format (.keras)"
        )
    if not content.startswith(HDF5):
        raise ValueError(f"{path}: wanted a Keras weights file (HDF5), found another kind of file")
    return hashlib.sha256(content).hexdigest()


def _keras_model(alpha: float, *, weights: str | None) -> Any:
    model = keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), alpha=alpha, include_top=False, weights=weights
    )
    normalisations = [layer for layer in model.layers if hasattr(layer, "moving_mean")]
    assert all(layer.epsilon == EPSILON for layer in normalisations)  # noqa: S101 - Keras' own
    return model


def _arrays(model: Any) -> dict[str, Array]:
    return {_name(variable): np.asarray(variable) for variable in model.variables}


def _name(variable: Any) -> str:
    return "/".join(variable.path.split("/")[-2:])


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160]
