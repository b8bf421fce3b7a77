"""The kept state of a training: after a stop it goes on where it was, and never from another
training's.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recommender.embedding.architecture import Architecture, MobileNet
from recommender.embedding.files import replace_file

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


COURSE = "told"
"""The name of the training's course in a kept file."""


def place(
    folder: Path,
    *,
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    architecture: Architecture | MobileNet,
    settings: DataclassInstance,
    seed: int,
) -> Path:
    """Where the state of this training is kept; the folder is made. Another training has another
    name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plain = asdict(settings)
    made_with = json.dumps([architecture.to_json(), plain, seed], sort_keys=True)
    digest = hashlib.sha256(made_with.encode())
    digest.update(images.tobytes())
    digest.update(labels.astype("<i8").tobytes())
    return folder / f"{plain['name']}-{digest.hexdigest()[:12]}.npz"


def keep(path: Path, variables: Sequence[Any], course: Mapping[str, Any]) -> None:
    """Write variables and the course of the training so far, plain values, in one step."""
    packed = np.frombuffer(json.dumps(course).encode(), np.uint8)
    arrays = {f"v{i}": np.asarray(variable) for i, variable in enumerate(variables)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{COURSE: packed}, **arrays)
    replace_file(path, buffer.getvalue())


def take_up(path: Path, variables_of: Callable[[dict[str, Any]], Sequence[Any]]) -> None:
    """Fill variables with what was kept; ValueError names the file when it is damaged.

    variables_of: is given the course that was kept, and says which variables were kept, in their
    order.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            for i, variable in enumerate(variables_of(json.loads(kept[COURSE].tobytes()))):
                variable.assign(kept[f"v{i}"])
    except Exception as error:
        raise ValueError(
            f"{path}: cannot be resumed from ({error}); delete it to start again"
        ) from None
