"""MobileNetV2 as an embedder: pretrained convolutions, a projection to few dimensions, our cosine
head.

Sandler, Howard, Zhu, Zhmoginov, Chen 2018, "MobileNetV2: Inverted Residuals and Linear
Bottlenecks". Built here from a small description, with one simplification: pretrained batch
normalisations are folded into the convolutions before them (`folded`). Nothing then depends on the
batch, and a step of training costs less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from recommender.embedding.architecture import BLOCKS, STEM, MobileNet
from recommender.embedding.network import CosineHead

EPSILON = 1e-3
"""Of the batch normalisations that are folded."""

Array = NDArray[np.float32]


def build(architecture: MobileNet, *, seed: int) -> Any:
    """A Keras model from float32 [n, size, size, channels] (0..255) to unit embeddings and
    logits.
    """
    pixels = keras.Input(
        (architecture.size, architecture.size, architecture.channels), name="pixels"
    )
    features = _backbone(architecture, seed)(pixels)
    embeddings, logits = head(architecture, seed=seed)(features)
    return keras.Model(pixels, [embeddings, logits], name=architecture.name)


def head(architecture: MobileNet, *, seed: int) -> Any:
    """The part behind the convolutions: features [n, last channels] to unit embeddings and
    logits.
    """
    features = keras.Input((architecture.last,), name="features")
    start = keras.initializers.GlorotUniform(seed=seed * 1000 + 998)
    x = layers.Dense(architecture.dim, kernel_initializer=start, name="projection")(features)
    embeddings = layers.UnitNormalization(name="embedding")(x)
    logits = CosineHead(
        architecture.classes, architecture.scale, seed=seed * 1000 + 999, name="head"
    )
    return keras.Model(features, [embeddings, logits(embeddings)], name="top")


def _backbone(architecture: MobileNet, seed: int) -> Any:
    """The convolutions, as one model from pixels to pooled features; its layers are `LAYERS` in
    order.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 900))

    def convolution(
        x: Any, channels: int, kernel: int, stride: int, name: str, *, is_rectified: bool = True
    ) -> Any:
        start = keras.initializers.HeNormal(seed=next(seeds))
        x = layers.Conv2D(
            channels, kernel, stride, padding="same", kernel_initializer=start, name=name
        )(x)
        return ops.relu6(x) if is_rectified else x

    pixels = keras.Input(
        (architecture.size, architecture.size, architecture.channels), name="pixels"
    )
    x = convolution(seen(architecture, pixels), architecture.width(STEM), 3, 2, "stem")
    for number, (expansion, channels, stride) in enumerate(BLOCKS):
        before = x
        width = architecture.width(channels)
        if expansion > 1:
            x = convolution(x, expansion * x.shape[-1], 1, 1, f"block{number}_expand")
        start = keras.initializers.HeNormal(seed=next(seeds))
        x = layers.DepthwiseConv2D(
            3, stride, padding="same", depthwise_initializer=start, name=f"block{number}_depthwise"
        )(x)
        x = convolution(ops.relu6(x), width, 1, 1, f"block{number}_project", is_rectified=False)
        if stride == 1 and before.shape[-1] == width:
            x = before + x
    x = convolution(x, architecture.last, 1, 1, "last")
    return keras.Model(pixels, ops.mean(x, axis=(1, 2)), name="backbone")


def seen(architecture: MobileNet, pixels: Any) -> Any:
    """As ImageNet's photos were: dark on light, -1..1, `resolution` pixels a side."""
    levels = 255.0 - pixels if architecture.channels == 1 else pixels
    if architecture.resolution != architecture.size:
        side = (architecture.resolution, architecture.resolution)
        levels = ops.image.resize(levels, side, interpolation="bilinear")
    return levels / 127.5 - 1.0


def folded(arrays: Mapping[str, Array], architecture: MobileNet) -> list[Array]:
    """Kernels and biases of the backbone, in the order of its weights, with the normalisations
    folded in.

    arrays: of Keras' MobileNetV2, as `pretrained.Start` names them. A grey first kernel is the sum
    over colours, which is what it answers to three equal channels.
    """
    found: list[Array] = []
    for convolution, normalisation in _keras_names():
        kernel = arrays[f"{convolution}/kernel"].astype(np.float64)
        gain = arrays[f"{normalisation}/gamma"] / np.sqrt(
            arrays[f"{normalisation}/moving_variance"].astype(np.float64) + EPSILON
        )
        bias = arrays[f"{normalisation}/beta"] - arrays[f"{normalisation}/moving_mean"] * gain
        # a depthwise kernel is [3, 3, channels, 1], every other one ends in its channels
        kernel = kernel * (gain[:, None] if kernel.shape[-1] == 1 else gain)
        if convolution == "Conv1" and architecture.channels == 1:
            kernel = kernel.sum(axis=2, keepdims=True)
        found += [kernel.astype(np.float32), bias.astype(np.float32)]
    return found


def depth(weight_name: str) -> int:
    """How far from the pixels a weight of the whole model sits: stem -1, blocks by number, 17
    behind them.
    """
    layer = weight_name.split("/")[-2]
    if layer == "stem":
        return -1
    return (
        int(layer.removeprefix("block").split("_")[0]) if layer.startswith("block") else len(BLOCKS)
    )


def _keras_names() -> Sequence[tuple[str, str]]:
    """Convolution and normalisation in Keras' words, in the order of our layers."""
    names = [("Conv1", "bn_Conv1")]
    for number, (expansion, _, _) in enumerate(BLOCKS):
        prefix = f"block_{number}" if expansion > 1 else "expanded_conv"
        parts = ("expand", "depthwise", "project") if expansion > 1 else ("depthwise", "project")
        names += [(f"{prefix}_{part}", f"{prefix}_{part}_BN") for part in parts]
    return [*names, ("Conv_1", "Conv_1_bn")]
