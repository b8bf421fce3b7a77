"""The network that turns a picture into an embedding: built here from a small description, never
loaded.

Normaliser-free convolutions (Brock, De, Smith 2021, "Characterizing signal propagation to close the
performance gap in unnormalized ResNets"): the kernel is standardised instead of the activations.
Nothing depends on the batch, and on a CPU a step costs half of one with batch normalisation. The
embedding is a unit row and the head compares it with one unit row a class (scaled cosine softmax;
Wang et al. 2017, "NormFace"), so what is trained is what retrieval uses.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from recommender.embedding.architecture import PRESETS, RELU_GAIN, Architecture

__all__ = [
    "PRESETS",
    "Architecture",
    "CosineHead",
    "StandardisedConvolution",
    "build",
    "folded",
    "is_ours",
]


class StandardisedConvolution(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """A convolution whose kernel has mean 0 and variance 1/fan-in by output channel, times a
    learned gain.
    """

    def __init__(
        self, channels: int, kernel: int, stride: int, *, seed: int, gain: float = 1.0, **rest: Any
    ) -> None:
        super().__init__(**rest)
        self.channels = channels
        self.kernel_size = kernel
        self.stride = stride
        self.seed = seed
        self.first_gain = gain

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Adds kernel, gain and bias, once the number of input channels is known."""
        shape = (self.kernel_size, self.kernel_size, input_shape[-1], self.channels)
        start = keras.initializers.HeNormal(seed=self.seed)
        # autocast off: in bfloat16 the variance of a kernel has only two digits
        self.kernel = self.add_weight(shape=shape, initializer=start, name="kernel", autocast=False)
        gain = keras.initializers.Constant(self.first_gain)
        self.gain = self.add_weight(
            shape=(self.channels,), initializer=gain, name="gain", autocast=False
        )
        self.bias = self.add_weight(shape=(self.channels,), initializer="zeros", name="bias")

    def call(self, pixels: Any) -> Any:
        """Channels last, in and out; the kernel is standardised in float32."""
        kernel = ops.cast(self.standardised(), self.compute_dtype)
        return ops.conv(pixels, kernel, strides=self.stride, padding="same") + self.bias

    def standardised(self) -> Any:
        """The kernel that is convolved with: float32 [side, side, channels in, channels out]."""
        fan_in = self.kernel_size**2 * self.kernel.shape[2]
        centred = self.kernel - ops.mean(self.kernel, axis=(0, 1, 2), keepdims=True)
        variance = ops.mean(ops.square(centred), axis=(0, 1, 2), keepdims=True)
        unit = centred * ops.rsqrt(variance * fan_in + 1e-4)
        return unit * (self.gain * RELU_GAIN)


class FoldedConvolution(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """What a trained StandardisedConvolution computes, its kernel standardised beforehand; not
    trainable.
    """

    def __init__(self, trained: StandardisedConvolution, kernel: Any) -> None:
        """kernel: what `trained.standardised` gave, as numbers."""
        super().__init__(name=trained.name, dtype=trained.dtype_policy, trainable=False)
        self.stride = trained.stride
        self.kernel = self._constant(kernel, "kernel")
        self.bias = self._constant(trained.bias.numpy(), "bias")

    def _constant(self, values: Any, name: str) -> Any:
        """A weight, so that no graph optimiser multiplies it with its neighbours and changes
        bytes.
        """
        start = keras.initializers.Constant(values)
        return self.add_weight(shape=values.shape, initializer=start, trainable=False, name=name)

    def call(self, pixels: Any) -> Any:
        """Channels last, in and out."""
        return ops.conv(pixels, self.kernel, strides=self.stride, padding="same") + self.bias


class CosineHead(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Logits: the cosines between a unit embedding and one direction a class, times a fixed
    scale.
    """

    def __init__(self, classes: int, scale: float, *, seed: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.classes = classes
        self.scale = scale
        self.seed = seed

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Adds one direction a class."""
        start = keras.initializers.GlorotUniform(seed=self.seed)
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.classes), initializer=start, name="kernel"
        )

    def call(self, embeddings: Any) -> Any:
        """Logits [n, classes] of unit rows [n, dim]."""
        return self.scale * ops.matmul(embeddings, ops.normalize(self.kernel, axis=0))


def build(architecture: Architecture, *, seed: int, compute: str = "float32") -> Any:
    """A Keras model from float32 [n, size, size, 1] (0..255) to unit embeddings [n, dim] and
    logits.

    compute: "float32", or "mixed_bfloat16" for training only. Projection, embedding and head stay
    float32.
    """
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))

    def convolution(
        x: Any, channels: int, kernel: int, *, stride: int = 1, name: str, gain: float = 1.0
    ) -> Any:
        layer = StandardisedConvolution(
            channels, kernel, stride, seed=next(seeds), gain=gain, name=name, dtype=compute
        )
        return layer(x)

    pixels = keras.Input((architecture.size, architecture.size, 1), name="pixels")
    std = architecture.pixel_std
    x = layers.Rescaling(1 / std, -architecture.pixel_mean / std, dtype=compute, name="normalised")(
        pixels
    )
    kernel, channels, stride = architecture.stem
    x = ops.relu(convolution(x, channels, kernel, stride=stride, name="stem"))
    for s, (channels, stride, n_residual) in enumerate(architecture.stages):
        x = ops.relu(convolution(x, channels, 3, stride=stride, name=f"stage{s}"))
        for r in range(n_residual):
            name = f"stage{s}_residual{r}"
            inner = ops.relu(convolution(x, channels, 3, name=f"{name}_in"))
            # gain 0: the unit starts as the identity, so depth costs no stability
            x = ops.relu(x + convolution(inner, channels, 3, name=f"{name}_out", gain=0.0))
    x = ops.cast(ops.mean(x, axis=(1, 2)), "float32")
    start = keras.initializers.GlorotUniform(seed=next(seeds))
    x = layers.Dense(
        architecture.dim,
        use_bias=False,
        kernel_initializer=start,
        dtype="float32",
        name="projection",
    )(x)
    embeddings = layers.UnitNormalization(dtype="float32", name="embedding")(x)
    head = CosineHead(
        architecture.classes, architecture.scale, seed=next(seeds), dtype="float32", name="head"
    )
    return keras.Model(pixels, [embeddings, head(embeddings)], name=architecture.name)


def is_ours(model: Any) -> bool:
    """Whether `build` made a model: then it can be folded."""
    return any(isinstance(layer, StandardisedConvolution) for layer in model.layers)


def folded(model: Any) -> Any:
    """What `build` gave, up to the projection, as it serves: its kernels standardised once, now.

    A Keras model from float32 [n, size, size, 1] to rows [n, dim] that the layers "embedding" and
    "head" take on from there; the same bytes. Training the model further does not change it.
    """
    body = keras.Model(model.input, model.get_layer("projection").output)
    convolutions = [layer for layer in body.layers if isinstance(layer, StandardisedConvolution)]

    def standardised() -> list[Any]:
        return [layer.standardised() for layer in convolutions]

    # in a graph, as at every call before: the same operations, the same bytes; traced by hand, or
    # TensorFlow warns of retracing once five networks were made
    kernels = tf.function(standardised, autograph=False).get_concrete_function()()
    serving = {
        layer.name: FoldedConvolution(layer, kernel.numpy())
        for layer, kernel in zip(convolutions, kernels, strict=True)
    }
    return keras.models.clone_model(
        body, clone_function=lambda layer: serving.get(layer.name, layer)
    )
