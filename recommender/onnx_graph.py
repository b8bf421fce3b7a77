"""Writes one of our own networks as an ONNX graph, from weights whose sha256 has been checked.

The kernels that training standardises again at every step are standardised once and written as plain
convolutions. Keras pads "same" at the lower right first, which ONNX calls SAME_UPPER.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

from recommender import checkpoint
from recommender.architecture import RELU_GAIN, Architecture, described

OPSET, IR_VERSION = 18, 9
"""Old enough for every ONNX Runtime of the last years."""

Array = NDArray[np.float32]


def export(manifest: bytes, weights: bytes) -> tuple[Architecture, bytes]:
    """What the network is, and its graph: pixels uint8 [n, size, size] to `embeddings` [n, dim] and `logits`.

    Raises ValueError when manifest or weights are damaged, or are of a network that is not ours to export.
    """
    plain, arrays = checkpoint.verify(manifest, weights)
    architecture = described(plain["architecture"])
    if not isinstance(architecture, Architecture):
        raise ValueError(f"{architecture.name} is embedded by TensorFlow only; set runtime to tensorflow")
    named = {one["name"]: array for one, array in zip(plain["weights"], arrays, strict=True)}
    graph = _Graph(architecture, named)
    try:
        return architecture, graph.written()
    except KeyError as error:
        raise ValueError(f"the manifest lists no weights {error} of network {architecture.name}") from None


class _Graph:
    """Nodes and constants, added in the order of the arithmetic; an edge is a name."""

    def __init__(self, architecture: Architecture, weights: Mapping[str, Array]) -> None:
        self._architecture, self._weights = architecture, weights
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def written(self) -> bytes:
        """The graph as ONNX writes it, checked."""
        a = self._architecture
        embeddings, logits = self._head(self._body(self._normalised()))
        self._node("Identity", [embeddings], "embeddings")
        self._node("Identity", [logits], "logits")
        graph = helper.make_graph(
            self._nodes,
            a.name,
            [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", a.size, a.size])],
            [
                helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", a.dim]),
                helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", a.classes]),
            ],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        checker.check_model(model)
        return bytes(model.SerializeToString())

    def _normalised(self) -> str:
        a = self._architecture
        shape = self._constant("shape", np.array([-1, 1, a.size, a.size], np.int64))
        x = self._node("Reshape", ["pixels", shape], "planes")
        x = self._node("Cast", [x], "levels", to=TensorProto.FLOAT)
        x = self._node("Mul", [x, self._constant("scale", np.float32(1 / a.pixel_std))], "scaled")
        offset = self._constant("offset", np.float32(-a.pixel_mean / a.pixel_std))
        return self._node("Add", [x, offset], "normalised")

    def _body(self, x: str) -> str:
        kernel, _, stride = self._architecture.stem
        x = self._relu(self._convolution(x, "stem", kernel, stride))
        for s, (_, stride, n_residual) in enumerate(self._architecture.stages):
            x = self._relu(self._convolution(x, f"stage{s}", 3, stride))
            for r in range(n_residual):
                name = f"stage{s}_residual{r}"
                inner = self._relu(self._convolution(x, f"{name}_in", 3, 1))
                outer = self._convolution(inner, f"{name}_out", 3, 1)
                x = self._relu(self._node("Add", [x, outer], f"{name}_sum"))
        return self._node("Flatten", [self._node("GlobalAveragePool", [x], "pooled")], "features")

    def _head(self, features: str) -> tuple[str, str]:
        projection = self._constant("projection", self._weights["projection/kernel"])
        x = self._node("MatMul", [features, projection], "projected")
        embeddings = self._node("LpNormalization", [x], "unit", axis=1, p=2)
        directions = self._weights["head/kernel"].astype(np.float64)
        directions *= self._architecture.scale / np.linalg.norm(directions, axis=0)
        scaled = self._constant("directions", directions.astype(np.float32))
        return embeddings, self._node("MatMul", [embeddings, scaled], "cosines")

    def _convolution(self, x: str, name: str, kernel: int, stride: int) -> str:
        plain = standardised(self._weights[f"{name}/kernel"], self._weights[f"{name}/gain"])
        numbers = self._constant(f"{name}_kernel", np.ascontiguousarray(plain.transpose(3, 2, 0, 1)))
        bias = self._constant(f"{name}_bias", self._weights[f"{name}/bias"])
        shape = {"kernel_shape": [kernel, kernel], "strides": [stride, stride]}
        return self._node("Conv", [x, numbers, bias], name, auto_pad="SAME_UPPER", **shape)

    def _relu(self, x: str) -> str:
        return self._node("Relu", [x], f"{x}_relu")

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, name: str, values: Any) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(values), f"constant_{name}"))
        return f"constant_{name}"


def standardised(kernel: Array, gain: Array) -> Array:
    """The kernel [height, width, in, out] that network.StandardisedConvolution convolves with."""
    centred = kernel.astype(np.float64) - kernel.mean(axis=(0, 1, 2), dtype=np.float64)
    variance = np.square(centred).mean(axis=(0, 1, 2))
    fan_in = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]
    unit = centred / np.sqrt(variance * fan_in + 1e-4)
    plain: Array = (unit * (gain.astype(np.float64) * RELU_GAIN)).astype(np.float32)
    return plain
