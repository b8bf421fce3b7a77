"""Trains MobileNetV2 for Fashion-MNIST or for a user's own pictures, from pretrained weights or
from none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from db import images
from db.engine import read_transaction
from db.errors import DataError, DependencyError, UsageError
from db.items import CATALOGUE_SPLIT, FROM_CSV, QUERY_SPLIT, Item
from db.views import COLOUR
from recommender.embedding.architecture import MobileNet
from simulator.catalogues import fashion_mnist as datasets
from simulator.catalogues import stored as catalogues
from simulator.embedders.model import make_room
from simulator.embedders.model_names import MOBILENET_PRESETS, SAVED_SEED, mobilenet
from simulator.embedders.train import UNFINISHED, TrainedModel, check, keep
from simulator.installation.context import Context
from workers import settings as installation
from workers.silence import silent_import

if TYPE_CHECKING:
    from recommender.embedding.pretrained import Start

IMAGENET = "imagenet"
NONE = "none"

RESOLUTION = 64
"""Pixels a side that Fashion-MNIST's 28 are scaled to; more tells more, and costs by its square."""

LEAST_CLASSES = 2
_AT_ONCE = 500


@dataclass(frozen=True)
class Lesson:
    """What there is to learn: pictures uint8, labels as numbers into classes, and both to be tested
    with.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.integer[Any]]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.integer[Any]]
    classes: list[str]
    architecture: MobileNet


def transfer(
    context: Context,
    *,
    preset: str = "quick",
    seed: int = SAVED_SEED,
    weights: str = IMAGENET,
    catalogue: str = catalogues.FASHION_MNIST,
) -> TrainedModel:
    """Train, test, save; a training that was stopped goes on from its last steps.

    weights: "imagenet" (Keras' download), "none", or the path of a Keras weights file. Raises
    UsageError for what cannot be trained on or from, DependencyError when ImageNet's weights cannot
    be fetched.
    """
    check(preset, seed, MOBILENET_PRESETS)
    is_own = catalogue != catalogues.FASHION_MNIST
    name = mobilenet(preset, seed, catalogue)
    if is_own:
        lesson = own_pictures(context, catalogue)
        folder = make_room(context.settings.models / name)
    else:  # the data may have to be fetched
        folder = make_room(context.settings.models / name)
        lesson = _fashion_mnist(context)
    installation.quieten_tensorflow()
    with silent_import():
        # TensorFlow takes seconds to import.
        from recommender.embedding.training import transfer as method  # noqa: PLC0415

    start = _start(context, weights)
    settings = method.PRESETS[preset]
    with context.talk.progress(
        f"training {name}", method.n_pictures(lesson.labels, settings, seed)
    ) as step:
        trained = method.transfer(
            lesson.images,
            lesson.labels,
            architecture=lesson.architecture,
            settings=settings,
            start=start,
            seed=seed,
            progress=step,
            checkpoint_dir=folder / UNFINISHED,
        )
    return keep(
        folder,
        trained,
        classes=lesson.classes,
        lesson=(lesson.images, lesson.labels),
        test=(lesson.test_images, lesson.test_labels),
    )


def own_pictures(context: Context, catalogue: str) -> Lesson:
    """A catalogue's pictures in colour with the CSV's categories; what is held out to search with,
    tests.

    Raises UsageError when there are no categories to learn.
    """
    stored = catalogues.ensure(context, catalogue)
    known = [row for row in stored if row.source == FROM_CSV]
    sold = [row for row in known if row.split == CATALOGUE_SPLIT]
    classes = sorted({row.category for row in sold})
    if len(classes) < LEAST_CLASSES:
        found = "none" if not classes else f"one, {classes[0]!r}"
        raise UsageError(
            f"catalogue {catalogue!r}: wanted pictures of {LEAST_CLASSES} categories or more to"
            f" learn from, found {found}; name them in the column `category` of a CSV and add the"
            " folder again with `windowshop catalogue add DIR --csv FILE --name ANOTHER`"
        )
    if len(known) < len(stored):
        context.talk.say(f"{len(stored) - len(known):,} pictures without a category are left aside")
    asked = [row for row in known if row.split == QUERY_SPLIT and row.category in classes]
    return Lesson(
        _pixels(context, sold),
        np.array([classes.index(row.category) for row in sold], np.int64),
        _pixels(context, asked),
        np.array([classes.index(row.category) for row in asked], np.int64),
        classes,
        MobileNet(size=COLOUR.side, channels=3, resolution=COLOUR.side, classes=len(classes)),
    )


def _fashion_mnist(context: Context) -> Lesson:
    data = catalogues.fashion_mnist(context)
    classes = list(datasets.CLASS_NAMES)
    architecture = MobileNet(size=28, channels=1, resolution=RESOLUTION, classes=len(classes))
    return Lesson(
        data.train_images,
        data.train_labels,
        data.test_images,
        data.test_labels,
        classes,
        architecture,
    )


def _pixels(context: Context, rows: Sequence[Item]) -> NDArray[np.uint8]:
    hashes = [row.image for row in rows]
    found = [np.empty((0, COLOUR.side, COLOUR.side, 3), np.uint8)]
    with read_transaction(context.engine) as conn:
        pieces = [hashes[start : start + _AT_ONCE] for start in range(0, len(hashes), _AT_ONCE)]
        found += [images.read(conn, piece, COLOUR) for piece in pieces]
    return np.concatenate(found)


def _start(context: Context, weights: str) -> Start:
    """The pretrained weights that were asked for."""
    # TensorFlow takes seconds to import.
    from recommender.embedding import pretrained  # noqa: PLC0415

    if weights == NONE:
        return pretrained.at_random()
    if weights != IMAGENET:
        if not Path(weights).is_file():
            raise UsageError(
                f"--weights {weights}: wanted imagenet, none, or a Keras weights file, found no"
                " such file; check the path"
            )
        try:
            return pretrained.from_file(Path(weights))
        except ValueError as error:
            raise DataError(f"{error}; give --weights another file, imagenet or none") from None
    if context.settings.offline and not pretrained.has_imagenet(context.settings.keras_home):
        raise DependencyError(
            "ImageNet's weights are not in Keras' cache, and setting offline forbids the download; "
            "unset it, or give --weights FILE or --weights none"
        )
    context.talk.say(
        "taking ImageNet's weights of MobileNetV2 from Keras, which fetches them if need be"
    )
    try:
        return pretrained.from_imagenet()
    except ValueError as error:
        raise DependencyError(
            f"{error}; try again later, or give --weights FILE or --weights none"
        ) from None
