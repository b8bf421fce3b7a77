"""Every number of a training, and the presets; nothing here has to be loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contrast:
    """How views are made, and what their telling apart weighs."""

    weight: float = 0.5
    """Of the loss of views, beside 1 for that of the names."""

    temperature: float = 0.2
    """Of the softmax over cosines in the loss of views."""

    stretch: float = 0.2
    """Logarithm of the largest scale, either way; width and height by themselves."""

    tilt: float = 10.0
    """Degrees at most, either way."""

    drift: float = 3.0
    """Pixels at most, either way."""

    fade: float = 0.6
    """Logarithm of the largest gamma, either way."""

    dim: float = 0.6
    """The least share of its light that a view keeps."""


@dataclass(frozen=True)
class TrainingSettings:
    """Every number of a training."""

    name: str

    epochs: int
    """Passes over the training pictures."""

    batch: int = 256
    """Pictures of a step."""

    rate: float = 1e-2
    """The highest learning rate."""

    warm_share: float = 0.25
    """Share of the steps in which the rate rises to its highest."""

    schedule: str = "linear"
    """How the rate falls to 0 from there: "linear" or "cosine"."""

    weight_decay: float = 0.02
    """Of AdamW, per step and unit of rate."""

    label_smoothing: float = 0.05
    """Share of each label that is spread over all classes."""

    average: float = 0.0
    """Decay, a step, of the running mean of the weights that is kept; 0 keeps the last weights."""

    flip: bool = True
    """Whether pictures are mirrored, left and right, by a coin."""

    shift: int = 0
    """Pixels, at most, that a picture is moved by."""

    erase: int = 0
    """Height and width, in pixels at most, of a rectangle that is filled; 0: none.

    Zhong et al. 2020, "Random erasing data augmentation".
    """

    filling: str = "background"
    """What the rectangle is filled with: "background" or "noise"."""

    calm_share: float = 0.0
    """Share of the steps, at the end, in which nothing is moved or erased: pictures as they are
    served.
    """

    appearance: float = 0.0
    """Weight of the loss that asks for a picture's place among its class; 0: no such loss.

    The last `appearance_axes` numbers of the embedding say it.
    """

    appearance_axes: int = 16
    """Numbers of the embedding that say how a picture looks among its class."""

    appearance_share: float = 0.25
    """Share of an embedding's squared length that these numbers have."""

    contrast: Contrast | None = None
    """Views and turns to be told apart beside the names of classes; None: names alone."""

    validation_share: float = 1 / 12
    """Share of each class that is the validation split, measured after every epoch."""

    compute: str = "auto"
    """One of "float32", "mixed_bfloat16", or "auto" for whichever is faster on this processor."""


PRESETS = {
    "quick": TrainingSettings("quick", epochs=7, rate=2e-2),
    "best": TrainingSettings(
        "best",
        epochs=80,
        warm_share=0.15,
        schedule="cosine",
        average=0.998,
        shift=2,
        erase=12,
        filling="noise",
        calm_share=0.2,
        appearance=0.03,
        appearance_share=0.06,
        validation_share=1 / 60,
    ),
    "general": TrainingSettings(
        "general", epochs=3, warm_share=0.2, label_smoothing=0.0, contrast=Contrast()
    ),
}
