"""Trains the network: one seed, one history, and after a stop it goes on where it was.

The loop is our own and the pictures stay in memory as one tensor, so that the time goes into
products. Every draw (split, order, augmentation) is addressed by seed and epoch or step: a resumed
training takes the same steps as one that was never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from recommender.embedding import network
from recommender.embedding.network import Architecture
from recommender.embedding.training import resume
from recommender.embedding.training.appearance import within_class
from recommender.embedding.training.contrast import (
    TURNS,
    contrastive_loss,
    projector,
    turned,
    viewed,
)
from recommender.embedding.training.trained import Epoch, Trained
from recommender.embedding.training.training_settings import TrainingSettings
from recommender.embedding.unlabelled import edge_histograms

Pixels = NDArray[np.uint8]
Labels = NDArray[np.integer[Any]]

SPLIT = 1
ORDER = 2
AUGMENT = 3
START = 4
"""Purposes of draws: the first word of an address after the seed."""

EVALUATION_BATCH = 500


def train(
    images: Pixels,
    labels: Labels,
    *,
    architecture: Architecture,
    settings: TrainingSettings,
    seed: int,
    progress: Callable[[Epoch], None] | None = None,
    checkpoint_dir: Path | None = None,
) -> Trained:
    """Trains on images uint8 [n, size, size] and labels [n] in 0..classes-1 for `settings.epochs`.

    With `checkpoint_dir` the state is kept there after every epoch, and one of the same training is
    taken up. Raises ValueError when the pictures, labels or settings do not fit.
    """
    _check(images, labels, architecture, settings)
    settings = replace(
        settings, compute=fastest_compute() if settings.compute == "auto" else settings.compute
    )
    is_validation = validation_split(labels, share=settings.validation_share, seed=seed)
    architecture = fitted(architecture, images[~is_validation])
    loop = _TrainingLoop(
        images[~is_validation], labels[~is_validation], architecture, settings, seed
    )
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
    history, timings = (
        loop.resume(kept) if kept is not None and kept.exists() else ([], {"wall": 0.0, "cpu": 0.0})
    )
    for number in range(len(history) + 1, settings.epochs + 1):
        wall = time.perf_counter()
        cpu = time.process_time()
        loss = loop.run_epoch(number - 1)
        accuracy = _accuracy(loop.served(), images[is_validation], labels[is_validation])
        seconds = time.perf_counter() - wall
        timings = {
            "wall": timings["wall"] + seconds,
            "cpu": timings["cpu"] + time.process_time() - cpu,
        }
        history.append(Epoch(number, settings.epochs, loss, accuracy, seconds))
        if kept is not None:
            loop.keep(kept, history, timings)
        if progress is not None:
            progress(history[-1])
    components = None
    if architecture.edges:
        components = edge_histograms.principal_components(
            images[~is_validation], architecture.edges
        )
    return Trained(loop.served(), architecture, settings, seed, tuple(history), timings, components)


def fitted(architecture: Architecture, images: Pixels) -> Architecture:
    """The architecture with the mean and deviation of these pictures as its normalisation."""
    mean = float(images.mean(dtype=np.float64))
    std = float(images.std(dtype=np.float64))
    return replace(architecture, pixel_mean=round(mean, 2), pixel_std=round(max(std, 1.0), 2))


def validation_split(labels: Labels, *, share: float, seed: int) -> NDArray[np.bool_]:
    """Which pictures validate: the same share of every class (rounded down), addressed by seed and
    class.
    """
    is_validation = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        order = np.random.default_rng([seed, SPLIT, int(label)]).permutation(len(rows))
        is_validation[rows[order[: int(len(rows) * share)]]] = True
    return is_validation


def fastest_compute(flags: Path = Path("/proc/cpuinfo")) -> str:
    """Mixed bfloat16 where the processor multiplies it itself; elsewhere it would be emulated and
    slow.
    """
    try:
        has_bfloat16 = bool({"amx_bf16", "avx512_bf16"} & set(flags.read_text().split()))
    except OSError:
        has_bfloat16 = False
    return "mixed_bfloat16" if has_bfloat16 else "float32"


def learning_rate(step: int, n_steps: int, settings: TrainingSettings) -> float:
    """One cycle (Smith 2018, "Super-convergence"): up in a line, down in a line or half a
    cosine.
    """
    n_warm = settings.warm_share * n_steps
    if step < n_warm:
        return settings.rate * (step + 1) / (n_warm + 1)
    left = (n_steps - step) / (n_steps - n_warm)
    return settings.rate * (
        left if settings.schedule == "linear" else 0.5 - 0.5 * math.cos(math.pi * left)
    )


class _TrainingLoop:
    """The variables of a training and its one step."""

    def __init__(
        self,
        images: Pixels,
        labels: Labels,
        architecture: Architecture,
        settings: TrainingSettings,
        seed: int,
    ) -> None:
        self.architecture = architecture
        self.settings = settings
        self.seed = seed
        start = int(np.random.default_rng([seed, START]).integers(1_000_000))
        n_named = architecture.classes * (TURNS if settings.contrast else 1)
        taught = replace(architecture, classes=n_named)
        self.model = network.build(taught, seed=start, compute=settings.compute)
        self.keeper = network.build(architecture, seed=start)
        self.weights = list(self.model.trainable_variables)
        if settings.contrast:
            self.projector = projector(architecture.dim, seed=start)
            self.weights += self.projector.trainable_variables
        self.averages = (
            [tf.Variable(weight.value) for weight in self.weights] if settings.average else []
        )
        self.optimizer = keras.optimizers.AdamW(
            settings.rate, beta_2=0.99, weight_decay=settings.weight_decay
        )
        self.optimizer.exclude_from_weight_decay(var_names=["gain", "bias"])
        self.optimizer.build(self.weights)
        self.images = tf.constant(images[..., None])
        self.numbers = tf.constant(labels.astype(np.int32))
        self.n_named = n_named
        if settings.appearance:
            coordinates = within_class(images, labels, settings.appearance_axes)
            self.appearance = tf.constant(
                coordinates * np.float32(math.sqrt(settings.appearance_share))
            )
        self.batch = min(settings.batch, len(images))
        self.n_steps = len(images) // self.batch
        self.step = tf.function(self._step)

    def run_epoch(self, epoch: int) -> float:
        """Every picture once, but for the last partial batch; gives back the mean loss."""
        order = (
            np.random.default_rng([self.seed, ORDER, epoch])
            .permutation(len(self.images))
            .astype(np.int32)
        )
        total = tf.constant(0.0)
        n_steps = self.settings.epochs * self.n_steps
        for i in range(self.n_steps):
            step = epoch * self.n_steps + i
            self.optimizer.learning_rate.assign(learning_rate(step, n_steps, self.settings))
            is_calm = step >= n_steps * (1 - self.settings.calm_share)
            rows = tf.constant(order[i * self.batch : (i + 1) * self.batch])
            total += self.step(rows, tf.constant(step), is_calm=is_calm)
        return float(total) / self.n_steps

    def served(self) -> Any:
        """The model that would be kept now, in float32."""
        values = [np.asarray(weight) for weight in self.averages or self.weights]
        values = values[: len(self.keeper.weights)]
        if self.settings.contrast:
            # class and turn were named together; what is served stands upright
            values[-1] = values[-1][:, ::TURNS]
        self.keeper.set_weights(values)
        return self.keeper

    def _step(self, rows: Any, step: Any, *, is_calm: bool) -> Any:
        settings = replace(self.settings, shift=0, erase=0) if is_calm else self.settings
        address = tf.stack([self.seed, step])
        pictures = augmented(tf.gather(self.images, rows), address, settings)
        numbers = tf.gather(self.numbers, rows)
        contrast = self.settings.contrast
        if contrast:
            pictures, turns = turned(pictures, address)
            pictures = viewed(tf.concat([pictures, pictures], axis=0), address, contrast)
            numbers = tf.tile(numbers * TURNS + turns, [2])
        smoothing = self.settings.label_smoothing
        wanted = tf.one_hot(numbers, self.n_named) * (1 - smoothing) + smoothing / self.n_named
        with tf.GradientTape() as tape:
            embeddings, logits = self.model(tf.cast(pictures, tf.float32), training=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(wanted, logits))
            if self.settings.appearance:
                loss += self.settings.appearance * self._misplaced(embeddings, rows)
            if contrast:
                loss += contrast.weight * contrastive_loss(
                    self.projector(embeddings), contrast.temperature
                )
        self.optimizer.apply(tape.gradient(loss, [weight.value for weight in self.weights]))
        for average, weight in zip(
            self.averages, self.weights if self.averages else [], strict=True
        ):
            # a young mean forgets faster, or it would remember the random start
            decay = tf.minimum(
                self.settings.average,
                (1.0 + tf.cast(step, tf.float32)) / (10.0 + tf.cast(step, tf.float32)),
            )
            average.assign(decay * average + (1 - decay) * weight.value)
        return loss

    def _misplaced(self, embeddings: Any, rows: Any) -> Any:
        """Mean squared distance of the last numbers from where the appearance wants them, over its
        share.
        """
        placed = embeddings[:, -self.settings.appearance_axes :]
        away = tf.reduce_sum(tf.square(placed - tf.gather(self.appearance, rows)), axis=1)
        return tf.reduce_mean(away) / self.settings.appearance_share

    def _state(self) -> list[Any]:
        return [*self.weights, *self.optimizer.variables, *self.averages]

    def keep(self, path: Path, history: list[Epoch], timings: Mapping[str, float]) -> None:
        """Write weights, optimizer and history in one step."""
        course = {"history": [asdict(epoch) for epoch in history], "timings": dict(timings)}
        resume.keep(path, self._state(), course)

    def resume(self, path: Path) -> tuple[list[Epoch], dict[str, float]]:
        """Take up a kept state; ValueError names the file when it is damaged."""
        course: dict[str, Any] = {}

        def state(kept: dict[str, Any]) -> list[Any]:
            course.update(kept)
            return self._state()

        resume.take_up(path, state)
        return [Epoch(**epoch) for epoch in course["history"]], course["timings"]


def augmented(pictures: Any, address: Any, settings: TrainingSettings) -> Any:
    """Pictures uint8 [n, size, size, 1] mirrored, moved and partly blanked, each by draws of its
    own.
    """
    n = tf.shape(pictures)[0]
    size = pictures.shape[1]

    def draw(purpose: int, shape: list[Any], low: int, high: int) -> Any:
        seed = tf.random.fold_in(address, AUGMENT * 10 + purpose)
        return tf.random.stateless_uniform(shape, seed, low, high, tf.int32)

    if settings.flip:
        is_flipped = draw(0, [n, 1, 1, 1], 0, 2) == 1
        pictures = tf.where(is_flipped, pictures[:, :, ::-1], pictures)
    if settings.shift:
        by = settings.shift
        padded = tf.pad(pictures, [[0, 0], [by, by], [by, by], [0, 0]])
        for axis in (1, 2):
            places = draw(axis, [n, 1], 0, 2 * by + 1) + tf.range(size)
            padded = tf.gather(padded, places, axis=axis, batch_dims=1)
        pictures = padded
    if settings.erase:
        places = tf.range(size)
        sides = [draw(3 + axis, [n, 1], 0, settings.erase + 1) for axis in (0, 1)]
        firsts = [draw(5 + axis, [n, 1], 0, size) for axis in (0, 1)]
        inside = [
            (places >= first) & (places < first + side)
            for first, side in zip(firsts, sides, strict=True)
        ]
        is_erased = (inside[0][:, :, None] & inside[1][:, None, :])[..., None]
        noise = draw(7, [n, size, size, 1], 0, 256) if settings.filling == "noise" else 0
        pictures = tf.where(is_erased, tf.cast(noise, pictures.dtype), pictures)
    return pictures


def _accuracy(model: Any, images: Pixels, labels: Labels) -> float:
    if not len(images):
        return math.nan
    _, logits = model.predict(
        images[..., None].astype(np.float32), batch_size=EVALUATION_BATCH, verbose=0
    )
    return float((logits.argmax(1) == labels).mean())


def _check(
    images: Pixels, labels: Labels, architecture: Architecture, settings: TrainingSettings
) -> None:
    side = architecture.size
    if images.dtype != np.uint8 or images.shape != (len(labels), side, side) or not len(images):
        raise ValueError(
            f"wanted uint8 [{len(labels)}, {side}, {side}] pictures, found {images.dtype}"
            f" {images.shape}"
        )
    if labels.min() < 0 or labels.max() >= architecture.classes:
        raise ValueError(
            f"labels must lie in 0..{architecture.classes - 1}, found"
            f" {labels.min()}..{labels.max()}"
        )
    if settings.contrast and settings.appearance:
        raise ValueError("appearance and contrast both say what an embedding is for: choose one")
    if architecture.edges and architecture.size != edge_histograms.SIDE:
        raise ValueError(
            f"edge histograms want pictures of {edge_histograms.SIDE} pixels, found"
            f" {architecture.size}"
        )
    if settings.schedule not in {"linear", "cosine"}:
        raise ValueError(f"schedule must be linear or cosine, found {settings.schedule!r}")
    if settings.compute not in {"auto", "float32", "mixed_bfloat16"}:
        raise ValueError(
            f"compute must be auto, float32 or mixed_bfloat16, found {settings.compute!r}"
        )
    if settings.filling not in {"background", "noise"}:
        raise ValueError(f"filling must be background or noise, found {settings.filling!r}")
    if settings.appearance and not 0 < settings.appearance_axes < architecture.dim:
        raise ValueError(
            f"appearance_axes must lie in 1..{architecture.dim - 1}, found"
            f" {settings.appearance_axes}"
        )
    if settings.epochs < 1 or settings.batch < 1:
        raise ValueError("epochs and batch must be 1 or more")
    if not 0 <= settings.validation_share < 1 or not 0 <= settings.calm_share <= 1:
        raise ValueError("validation_share must lie in [0, 1) and calm_share in [0, 1]")
