"""Trains a network of our own, measures it on the test split, and keeps it as a folder of files.

`python -m simulator.embedders.train NAME SEED` does it in a process of its own, for commands that
only need the result: TensorFlow's memory goes with the process, which ends when its standard input
closes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from db.errors import NotFoundError, UsageError, WindowshopError
from db.nearest import nearest
from recommender.embedding.training import training_settings
from simulator.catalogues import fashion_mnist as datasets
from simulator.catalogues.stored import fashion_mnist
from simulator.cli.terminal import Terminal
from simulator.embedders.chance import CHANCE, chance_accuracy, verdict
from simulator.embedders.model import make_room, unkept
from simulator.embedders.model_names import CNN_PRESETS, SAVED_SEED, cnn
from simulator.installation.context import Context, open_context
from workers import settings as installation
from workers.safe_text import one_line
from workers.silence import silent_import

if TYPE_CHECKING:
    from recommender.embedding.training.trained import Trained

UNFINISHED = "unfinished"
"""Where the epochs of a training that may be stopped are kept."""


@dataclass(frozen=True)
class TrainedModel:
    """What a training left behind."""

    name: str
    key: str
    folder: Path
    metrics: dict[str, Any]
    fit_seconds: float
    doubt: str = ""
    """One line where it names no better than chance; empty elsewhere."""


def train(context: Context, *, preset: str = "quick", seed: int = SAVED_SEED) -> TrainedModel:
    """Train, test, save; a training that was stopped goes on from its last epoch."""
    check(preset, seed)
    name = cnn(preset, seed)
    folder = make_room(context.settings.models / name)
    data = fashion_mnist(context)
    installation.quieten_tensorflow()
    with silent_import():
        # TensorFlow takes seconds to import.
        from recommender.embedding import network  # noqa: PLC0415

        # TensorFlow takes seconds to import.
        from recommender.embedding.training import own_network as training  # noqa: PLC0415

    settings = training_settings.PRESETS[preset]
    architecture = network.PRESETS[preset]
    with context.talk.progress(f"training {name}", settings.epochs) as step:
        trained = training.train(
            data.train_images,
            data.train_labels,
            architecture=architecture,
            settings=settings,
            seed=seed,
            progress=lambda _epoch: step(),
            checkpoint_dir=folder / UNFINISHED,
        )
    return keep(
        folder,
        trained,
        classes=datasets.CLASS_NAMES,
        lesson=(data.train_images, data.train_labels),
        test=(data.test_images, data.test_labels),
    )


def check(preset: str, seed: int, presets: Sequence[str] = CNN_PRESETS) -> None:
    """Raise UsageError before anything slow for what cannot be trained."""
    if preset not in presets:
        hint = nearest(preset, presets)
        raise NotFoundError(f"no preset {preset!r} here; {hint}choose one of {', '.join(presets)}")
    if seed < 0:
        raise UsageError(f"--seed must be at least 0, found {seed}")


Examples = tuple[NDArray[np.uint8], NDArray[np.integer[Any]]]
"""Pictures and their labels."""


def keep(
    folder: Path, trained: Trained, *, classes: Sequence[str], lesson: Examples, test: Examples
) -> TrainedModel:
    """Measure a network on pictures that it has not seen, and save it under the folder's name."""
    from recommender.embedding import checkpoint  # noqa: PLC0415 - as below

    # TensorFlow takes seconds to import.
    from recommender.embedding.tensorflow_embedder import TensorflowEmbedder  # noqa: PLC0415

    metrics: dict[str, Any] = {"test_pictures": len(test[0])}
    if len(test[0]):
        metrics["test_accuracy"] = float(
            (TensorflowEmbedder(trained.model).classify(test[0]) == test[1]).mean()
        )
        metrics[CHANCE] = chance_accuracy(test[1])
    data = hashlib.sha256(lesson[0].tobytes() + lesson[1].tobytes()).hexdigest()
    try:
        key = checkpoint.save(folder, trained, classes=classes, data_sha256=data, metrics=metrics)
    except OSError as error:
        raise unkept(folder, error) from None
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
    doubt = verdict(folder.name, metrics, classes)
    return TrainedModel(folder.name, key, folder, metrics, trained.timings["wall"], doubt)


def _end_with_stdin() -> None:
    """Whoever asked for the training holds our standard input; without them there is no one to
    train for.
    """
    os.read(
        sys.stdin.fileno(), 1
    )  # not through sys.stdin: its lock would outlive us at the interpreter's end
    os._exit(1)


def main() -> int:
    """The training as a process: name and seed in, exit code out."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    preset = sys.argv[1]
    seed = int(sys.argv[2])
    try:
        train(open_context(installation.load(), Terminal()), preset=preset, seed=seed)
    except WindowshopError as error:
        sys.stderr.write(f"windowshop: {one_line(str(error))}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
