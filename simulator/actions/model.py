"""The embedder that runs use: found among the trained models, trained when missing, kept in the database."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from db import models
from db.engine import writing
from db.errors import DataError, NotFoundError, WindowshopError
from recommender import checkpoint
from simulator.actions.context import Context
from workers.settings import for_child

DEFAULT_NAME = "cnn-quick"
DEFAULT_PRESET = "quick"
DEFAULT_SEED = 1


@dataclass(frozen=True)
class Model:
    """What a run's config says of its embedder."""

    key: str
    runtime: str


def ensure(context: Context) -> Model:
    """The embedder of the settings, in the database; the default one is trained when it is not there yet.

    Raises NotFoundError for a name that nobody trained, DataError when its files are damaged.
    """
    folder = context.settings.models / context.settings.model
    if not (folder / checkpoint.MANIFEST).exists():
        if context.settings.model != DEFAULT_NAME:
            raise NotFoundError(
                f"no model {context.settings.model!r} in {folder.parent}; `windowshop train` makes one"
            )
        context.talk.say(f"no embedder in {folder} yet: training one (preset {DEFAULT_PRESET})")
        _train_apart(context)
    manifest, weights = _read(folder)
    plain, _ = checkpoint.verify(manifest, weights)
    key = checkpoint.model_key(plain)
    with writing(context.engine) as conn:
        models.add(conn, key, manifest, weights)
    return Model(key, runtime())


def runtime() -> str:
    """The arithmetic that embeds, as part of an embedding's key; asked without importing TensorFlow."""
    return "tensorflow-" + ".".join(checkpoint.tensorflow_version().split(".")[:2])


def _read(folder: Path) -> tuple[bytes, bytes]:
    try:
        return checkpoint.read(folder)
    except ValueError as error:
        raise DataError(f"{error}; delete {folder} and call again, a new one is trained") from None


def _train_apart(context: Context) -> None:
    """Train in a process of its own, so that TensorFlow's memory is not ours for the rest of the day."""
    child = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "simulator.actions.train", DEFAULT_PRESET, str(DEFAULT_SEED)],
        stdin=subprocess.PIPE,  # closes when we are gone, and the training ends
        env=for_child(context.settings),
        start_new_session=True,
    )
    try:
        code = child.wait()
    except BaseException:
        os.killpg(child.pid, 15)
        child.wait()
        raise
    if code:
        raise WindowshopError("the embedder could not be trained; the lines above say why")
