"""Writes a network as an ONNX graph, from weights whose sha256 has been checked.

The kernels that training standardises again at every step are standardised once and written as
plain convolutions.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from recommender.embedding import checkpoint
from recommender.embedding.architecture import BLOCKS, RELU_GAIN, Architecture, MobileNet, described
from recommender.embedding.onnx.nodes import Array, Nodes


def export(manifest: bytes, weights: bytes) -> tuple[Architecture | MobileNet, bytes]:
    """What the network is, and its graph: pixels uint8 [n, size, size(, 3)] to `embeddings` and
    `logits`.

    Raises ValueError when manifest or weights are damaged, or not those of the network that they
    name.
    """
    plain, arrays = checkpoint.verify(manifest, weights)
    architecture = described(plain["architecture"])
    nodes = Nodes({one["name"]: array for one, array in zip(plain["weights"], arrays, strict=True)})
    try:
        if isinstance(architecture, Architecture):
            _own(nodes, architecture)
            shape = [architecture.size, architecture.size]
        else:
            _mobilenet(nodes, architecture)
            shape = [
                architecture.size,
                architecture.size,
                *([3] if architecture.channels == 3 else []),
            ]
    except KeyError as error:
        raise ValueError(
            f"the manifest lists no weights {error} of network {architecture.name}"
        ) from None
    return architecture, nodes.written(
        architecture.name, shape, dim=architecture.dim, classes=architecture.classes
    )


def _own(nodes: Nodes, a: Architecture) -> None:
    """One of our own networks, as `network.build` describes it."""
    x = _relu(nodes, _convolution(nodes, _normalised(nodes, a), "stem", a.stem[2]))
    for s, (_, stride, n_residual) in enumerate(a.stages):
        x = _relu(nodes, _convolution(nodes, x, f"stage{s}", stride))
        for r in range(n_residual):
            name = f"stage{s}_residual{r}"
            inner = _relu(nodes, _convolution(nodes, x, f"{name}_in", 1))
            outer = _convolution(nodes, inner, f"{name}_out", 1)
            x = _relu(nodes, nodes.node("Add", [x, outer], f"{name}_sum"))
    projection = nodes.constant("projection", nodes.weights["projection/kernel"])
    nodes.head(nodes.node("MatMul", [nodes.pooled(x), projection], "projected"), a.scale)


def _normalised(nodes: Nodes, a: Architecture) -> str:
    x = nodes.node(
        "Mul", [_levels(nodes, a.size), _number(nodes, "scale", 1 / a.pixel_std)], "scaled"
    )
    return nodes.node(
        "Add", [x, _number(nodes, "offset", -a.pixel_mean / a.pixel_std)], "normalised"
    )


def _convolution(nodes: Nodes, x: str, name: str, stride: int) -> str:
    plain = standardised(nodes.weights[f"{name}/kernel"], nodes.weights[f"{name}/gain"])
    return nodes.convolution(x, name, plain, stride=stride)


def standardised(kernel: Array, gain: Array) -> Array:
    """The kernel [height, width, in, out] that network.StandardisedConvolution convolves with."""
    centred = kernel.astype(np.float64) - kernel.mean(axis=(0, 1, 2), dtype=np.float64)
    variance = np.square(centred).mean(axis=(0, 1, 2))
    fan_in = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]
    unit = centred / np.sqrt(variance * fan_in + 1e-4)
    plain: Array = (unit * (gain.astype(np.float64) * RELU_GAIN)).astype(np.float32)
    return plain


def _mobilenet(nodes: Nodes, a: MobileNet) -> None:
    """MobileNetV2 as `mobilenet.build` describes it."""
    channels = nodes.weights["stem/kernel"].shape[-1]
    x = _rectified(nodes, _plain(nodes, _seen(nodes, a), "stem", 2))
    for number, (expansion, wanted, stride) in enumerate(BLOCKS):
        before = x
        width = a.width(wanted)
        if expansion > 1:
            x = _rectified(nodes, _plain(nodes, x, f"block{number}_expand", 1))
        name = f"block{number}_depthwise"
        kernel = nodes.weights[f"{name}/kernel"]
        x = _rectified(nodes, nodes.convolution(x, name, kernel, stride=stride, is_depthwise=True))
        x = _plain(nodes, x, f"block{number}_project", 1)
        if stride == 1 and channels == width:
            x = nodes.node("Add", [before, x], f"block{number}_sum")
        channels = width
    features = nodes.pooled(_rectified(nodes, _plain(nodes, x, "last", 1)))
    projection = nodes.constant("projection", nodes.weights["projection/kernel"])
    bias = nodes.constant("projection_bias", nodes.weights["projection/bias"])
    x = nodes.node("MatMul", [features, projection], "projected_plain")
    nodes.head(nodes.node("Add", [x, bias], "projected"), a.scale)


def _seen(nodes: Nodes, a: MobileNet) -> str:
    """As ImageNet's photos were: dark on light, -1..1, `resolution` pixels a side."""
    if a.channels == 1:
        levels = nodes.node(
            "Sub", [_number(nodes, "white", 255.0), _levels(nodes, a.size)], "dark_on_light"
        )
    else:
        planes = nodes.node("Transpose", ["pixels"], "planes", perm=[0, 3, 1, 2])
        levels = nodes.node("Cast", [planes], "levels", to=TensorProto.FLOAT)
    if a.resolution != a.size:
        factor = a.resolution / a.size
        scales = nodes.constant("scales", np.array([1, 1, factor, factor], np.float32))
        levels = nodes.node(
            "Resize",
            [levels, "", scales],
            "resized",
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
    x = nodes.node("Div", [levels, _number(nodes, "half", 127.5)], "halves")
    return nodes.node("Sub", [x, _number(nodes, "one", 1.0)], "seen")


def _plain(nodes: Nodes, x: str, name: str, stride: int) -> str:
    return nodes.convolution(x, name, nodes.weights[f"{name}/kernel"], stride=stride)


def _rectified(nodes: Nodes, x: str) -> str:
    """Cut at 0 and at 6."""
    limits = [
        nodes.constant(f"{x}_least", np.float32(0)),
        nodes.constant(f"{x}_most", np.float32(6)),
    ]
    return nodes.node("Clip", [x, *limits], f"{x}_rectified")


def _relu(nodes: Nodes, x: str) -> str:
    return nodes.node("Relu", [x], f"{x}_relu")


def _levels(nodes: Nodes, size: int) -> str:
    """Grey levels as planes of floats: [n, 1, size, size]."""
    shape = nodes.constant("shape", np.array([-1, 1, size, size], np.int64))
    return nodes.node("Cast", [nodes.node("Reshape", ["pixels", shape], "planes")], "levels",
                      to=TensorProto.FLOAT)  # fmt: skip


def _number(nodes: Nodes, name: str, value: float) -> str:
    return nodes.constant(name, np.float32(value))
