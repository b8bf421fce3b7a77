"""Transfer learning: a head on frozen features, then, if asked for, the convolutions too, in
stages.

The first way is called top-tuning (Alfano et al. 2024, "Top-tuning: a study on transfer learning
for an efficient alternative to fine tuning"); the second unfreezes from the top (Howard and Ruder
2018, "Universal language model fine-tuning"). Draws are addressed by seed, stage and step: a
resumed training takes the same steps as one that was never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from recommender.embedding import mobilenet, pretrained
from recommender.embedding.architecture import MobileNet
from recommender.embedding.pretrained import Start
from recommender.embedding.training import resume
from recommender.embedding.training.descent import descent, learning, optimizer_of
from recommender.embedding.training.own_network import (
    learning_rate,
    validation_split,
)
from recommender.embedding.training.trained import Epoch, Trained
from recommender.embedding.training.training_settings import TrainingSettings

Pixels = NDArray[np.uint8]
Labels = NDArray[np.integer[Any]]

ORDER = 11
HEAD_ORDER = 12
START = 13
"""Purposes of draws: the first word of an address after the seed."""

FORWARD_BATCH = 250
FEWEST = 16
"""Pictures of a step; fewer only where there are not so many."""

KEEP_EVERY = 50
"""Steps between two kept states."""

MOST_STEPS = 1_000_000
"""Of a stage: addresses of its draws are numbered after the stage."""

ALL = -1
UPPER_HALF = 8
"""Depths from which on weights are trained: everything; the blocks behind the middle one."""


@dataclass(frozen=True)
class TransferSettings:
    """Every number of a transfer."""

    name: str

    head: TrainingSettings
    """How projection and head are trained on features that stay as they are."""

    stages: tuple[tuple[int, TrainingSettings], ...] = ()
    """From which depth on (`mobilenet.depth`) weights are trained, and how; none: frozen
    features.
    """

    least_steps: int = 200
    """With few pictures a stage goes on until it has so many steps."""

    start: str = pretrained.NONE
    """Filled in by the training: what the convolutions were before, with the sha256 of the file."""

    @property
    def validation_share(self) -> float:
        """Share of each class that is the validation split, measured after every epoch."""
        return self.head.validation_share


_HEAD = TrainingSettings(
    "head",
    epochs=20,
    rate=2e-3,
    schedule="cosine",
    weight_decay=0.05,
    validation_share=1 / 30,
    compute="float32",
)
_ALL = replace(_HEAD, name="everything", epochs=3, batch=128, rate=1e-3, shift=1)
_AGAIN = replace(_ALL, name="everything again", epochs=2, rate=5e-4)

PRESETS = {
    "quick": TransferSettings("quick", _HEAD),
    "best": TransferSettings("best", _HEAD, ((ALL, _ALL), (ALL, _AGAIN))),
}


@dataclass
class _Progress:
    """How far a training is: what a kept state holds beside the weights."""

    stage: int = 0
    step: int = 0
    loss: float = 0.0
    wall: float = 0.0
    cpu: float = 0.0
    history: list[Epoch] = field(default_factory=list)


def transfer(
    images: Pixels,
    labels: Labels,
    *,
    architecture: MobileNet,
    settings: TransferSettings,
    start: Start,
    seed: int,
    progress: Callable[[int], None] = lambda _pictures: None,
    checkpoint_dir: Path | None = None,
) -> Trained:
    """Trains on images uint8 [n, size, size(, 3)] and labels [n] in 0..classes-1.

    progress: called with how many pictures went through, `n_pictures` in all. checkpoint_dir: the
    state is kept there every few steps, and one of the same training is taken up. Raises ValueError
    when pictures, labels or settings do not fit.
    """
    _check(images, labels, architecture)
    settings = replace(settings, start=f"{start.origin} {start.sha256}".strip())
    loop = _TransferLoop(images, labels, architecture, settings, seed)
    kept = None
    if checkpoint_dir is not None:
        kept = resume.place(
            checkpoint_dir,
            images=images,
            labels=labels,
            architecture=architecture,
            settings=settings,
            seed=seed,
        )
    if kept is not None and kept.exists():
        loop.resume(kept)
        progress(loop.n_done())
    else:
        loop.begin(start, progress)
    for pictures in loop.steps(kept):
        progress(pictures)
    done = loop.at
    timings = {"wall": done.wall, "cpu": done.cpu}
    return Trained(loop.model, architecture, settings, seed, tuple(done.history), timings)


def n_pictures(labels: Labels, settings: TransferSettings, seed: int) -> int:
    """How many pictures go through the network in a training: what a progress bar counts to."""
    n = int((~validation_split(labels, share=settings.validation_share, seed=seed)).sum())
    stages = [_fitted(stage, n, settings.least_steps) for _, stage in settings.stages]
    return len(labels) + sum(stage.epochs * _n_steps(stage, n) * stage.batch for stage in stages)


@dataclass(frozen=True)
class _Clock:
    """When something began."""

    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)


class _TransferLoop:
    """The variables of a transfer, its stages and its one step."""

    def __init__(
        self,
        images: Pixels,
        labels: Labels,
        architecture: MobileNet,
        settings: TransferSettings,
        seed: int,
    ) -> None:
        self.architecture = architecture
        self.settings = settings
        self.seed = seed
        pixels = images if images.ndim == 4 else images[..., None]
        is_validation = validation_split(labels, share=settings.validation_share, seed=seed)
        self.images = pixels[~is_validation]
        self.labels = labels[~is_validation].astype(np.int32)
        self.validation = pixels[is_validation], labels[is_validation]
        self.start = int(np.random.default_rng([seed, START]).integers(1_000_000))
        self.model = mobilenet.build(architecture, seed=self.start)
        n = len(self.images)
        self.stages = [
            (depth, _fitted(stage, n, settings.least_steps)) for depth, stage in settings.stages
        ]
        self.at = _Progress()
        self.optimizer: Any = None
        self.order: NDArray[np.int64] | None = None

    def begin(self, start: Start, progress: Callable[[int], None]) -> None:
        """Pretrained convolutions, and the head that goes with them as they are."""
        clock = _Clock()
        backbone = self.model.get_layer("backbone")
        top = self.model.get_layer("top")
        if start.arrays is not None:
            backbone.set_weights(mobilenet.folded(start.arrays, self.architecture))
        features = _outputs(backbone, self.images, progress)[0]
        loss = _fit_head(top, features, self.labels, self.settings, seed=self.seed)
        del features
        progress(len(self.validation[0]))
        self._spend(clock)
        self._note(loss)

    def steps(self, kept: Path | None) -> Iterator[int]:
        """Goes on from where it is; gives the number of pictures of each step that was taken."""
        while self.at.stage < len(self.stages):
            depth, stage = self.stages[self.at.stage]
            weights = self._trained_from(depth)
            self.optimizer = self.optimizer or optimizer_of(stage, weights)
            take = learning(self.model, self.optimizer, weights, stage)
            n_steps = _n_steps(stage, len(self.images))
            while self.at.step < stage.epochs * n_steps:
                clock = _Clock()
                rows = self._rows(stage, n_steps)
                self.optimizer.learning_rate.assign(
                    learning_rate(self.at.step, stage.epochs * n_steps, stage)
                )
                address = tf.constant([self.seed, self.at.stage * MOST_STEPS + self.at.step])
                pictures = tf.constant(self.images[rows])
                labels = tf.constant(self.labels[rows])
                self.at.loss += float(take(pictures, labels, address))
                self.at.step += 1
                self._spend(clock)
                is_epoch = self.at.step % n_steps == 0
                if is_epoch:
                    self._note(self.at.loss / n_steps)
                if kept is not None and (is_epoch or self.at.step % KEEP_EVERY == 0):
                    self.keep(kept)
                yield len(rows)
            self.at.stage = self.at.stage + 1
            self.at.step = 0
            self.optimizer = None

    def n_done(self) -> int:
        """Pictures that went through in the steps before."""
        n = len(self.images)
        before = [stage.epochs * _n_steps(stage, n) * stage.batch for _, stage in self.stages]
        now = self.at.step * self.stages[self.at.stage][1].batch
        return n + len(self.validation[0]) + sum(before[: self.at.stage]) + now

    def _trained_from(self, depth: int) -> list[Any]:
        return [one for one in self.model.trainable_variables if mobilenet.depth(one.path) >= depth]

    def _rows(self, stage: TrainingSettings, n_steps: int) -> NDArray[np.int64]:
        epoch, place = divmod(self.at.step, n_steps)
        if place == 0 or self.order is None:
            address = [self.seed, ORDER, self.at.stage, epoch]
            self.order = np.random.default_rng(address).permutation(len(self.images))
        return np.sort(self.order[place * stage.batch : (place + 1) * stage.batch])

    def _note(self, loss: float) -> None:
        """An epoch is over: measures it, and writes down how long it took."""
        clock = _Clock()
        pictures, labels = self.validation
        logits = (
            _outputs(self.model, pictures, lambda _pictures: None)[1] if len(pictures) else None
        )
        accuracy = math.nan if logits is None else float((logits.argmax(1) == labels).mean())
        self._spend(clock)
        number = len(self.at.history) + 1
        of = 1 + sum(stage.epochs for _, stage in self.stages)
        seconds = self.at.wall - sum(epoch.seconds for epoch in self.at.history)
        self.at.history.append(Epoch(number, of, loss, accuracy, seconds))
        self.at.loss = 0.0

    def _spend(self, clock: _Clock) -> None:
        self.at.wall += time.perf_counter() - clock.wall
        self.at.cpu += time.process_time() - clock.cpu

    def _state(self) -> list[Any]:
        return [*self.model.weights, *(self.optimizer.variables if self.optimizer else [])]

    def keep(self, path: Path) -> None:
        """Write weights, optimizer and progress in one step."""
        resume.keep(path, self._state(), asdict(self.at))

    def resume(self, path: Path) -> None:
        """Take up a kept state; ValueError names the file when it is damaged."""

        def state(progress: dict[str, Any]) -> list[Any]:
            history = [Epoch(**epoch) for epoch in progress.pop("history")]
            self.at = _Progress(**progress, history=history)
            depth, stage = self.stages[self.at.stage]
            self.optimizer = optimizer_of(stage, self._trained_from(depth))
            return self._state()

        resume.take_up(path, state)


def _outputs(
    model: Any, images: Pixels, progress: Callable[[int], None]
) -> list[NDArray[np.float32]]:
    """What a model says of pictures uint8 [n, size, size, channels], an array an output."""

    def outputs(pixels: Any) -> list[Any]:
        return keras.tree.flatten(model(tf.cast(pixels, tf.float32), training=False))  # type: ignore[no-any-return]

    run = tf.function(outputs)
    parts = []
    for start in range(0, len(images), FORWARD_BATCH):
        part = images[start : start + FORWARD_BATCH]
        padded = np.zeros((FORWARD_BATCH, *part.shape[1:]), np.uint8)
        padded[: len(part)] = part
        parts.append([found.numpy()[: len(part)] for found in run(tf.constant(padded))])
        progress(len(part))
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def _fit_head(
    top: Any,
    features: NDArray[np.float32],
    labels: Labels,
    settings: TransferSettings,
    *,
    seed: int,
) -> float:
    """Trains projection and head on features [n, channels], standardised meanwhile; the last mean
    loss.
    """
    mean = features.mean(0, dtype=np.float64)
    std = np.maximum(features.std(0, dtype=np.float64), 1e-3)
    features = ((features - mean) / std).astype(np.float32)
    stage = _fitted(settings.head, len(features), settings.least_steps)
    optimizer = optimizer_of(stage, top.trainable_variables)
    take = tf.function(descent(top, optimizer, top.trainable_variables, stage.label_smoothing))
    n_steps = _n_steps(stage, len(features))
    batch = stage.batch
    total = tf.constant(0.0)
    for epoch in range(stage.epochs):
        order = np.random.default_rng([seed, HEAD_ORDER, epoch]).permutation(len(features))
        total = tf.constant(0.0)
        for place in range(n_steps):
            rate = learning_rate(epoch * n_steps + place, stage.epochs * n_steps, stage)
            optimizer.learning_rate.assign(rate)
            rows = order[place * batch : (place + 1) * batch]
            total += take(tf.constant(features[rows]), tf.constant(labels[rows]))
    projection = top.get_layer("projection")
    kernel, bias = (np.asarray(array, np.float64) for array in projection.get_weights())
    projection.set_weights([kernel / std[:, None], bias - (mean / std) @ kernel])
    return float(total) / n_steps


def _fitted(stage: TrainingSettings, n: int, least_steps: int) -> TrainingSettings:
    """The stage as few pictures need it: smaller batches, and epochs until it has its steps."""
    small = replace(stage, batch=min(stage.batch, max(FEWEST, n // 20), n))
    return replace(small, epochs=max(stage.epochs, math.ceil(least_steps / _n_steps(small, n))))


def _n_steps(stage: TrainingSettings, n: int) -> int:
    return n // stage.batch


def _check(images: Pixels, labels: Labels, architecture: MobileNet) -> None:
    side = architecture.size
    wanted = (
        (len(labels), side, side) if architecture.channels == 1 else (len(labels), side, side, 3)
    )
    if images.dtype != np.uint8 or images.shape != wanted or not len(images):
        raise ValueError(
            f"wanted uint8 {list(wanted)} pictures, found {images.dtype} {list(images.shape)}"
        )
    if labels.min() < 0 or labels.max() >= architecture.classes:
        raise ValueError(
            f"labels must lie in 0..{architecture.classes - 1}, found"
            f" {labels.min()}..{labels.max()}"
        )
