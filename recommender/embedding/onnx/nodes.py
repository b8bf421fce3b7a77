"""An ONNX graph in the making: nodes and constants, added in the order of the arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

OPSET = 18
IR_VERSION = 9
"""Old enough for every ONNX Runtime of the last years."""

Array = NDArray[np.float32]


class Nodes:
    """An edge is a name. weights: by the names of the manifest; KeyError for one that is not
    there.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """One operation; gives back the edge of its result."""
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, name: str, values: Any) -> str:
        """Numbers that do not change."""
        self._constants.append(numpy_helper.from_array(np.asarray(values), f"constant_{name}"))
        return f"constant_{name}"

    def convolution(
        self, x: str, name: str, kernel: Array, *, stride: int = 1, is_depthwise: bool = False
    ) -> str:
        """Keras' "same" convolution; kernel [height, width, in, out], depthwise [height, width, in,
        1].
        """
        height, width, channels, _ = kernel.shape
        axes = (2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1)
        numbers = self.constant(f"{name}_kernel", np.ascontiguousarray(kernel.transpose(axes)))
        bias = self.constant(f"{name}_bias", self.weights[f"{name}/bias"])
        shape = {"kernel_shape": [height, width], "strides": [stride, stride]}
        group = channels if is_depthwise else 1
        # Keras pads at the lower right first, which ONNX calls SAME_UPPER.
        return self.node(
            "Conv", [x, numbers, bias], name, auto_pad="SAME_UPPER", group=group, **shape
        )

    def pooled(self, x: str) -> str:
        """Means over all places: [n, channels]."""
        return self.node("Flatten", [self.node("GlobalAveragePool", [x], "pooled")], "features")

    def head(self, projected: str, scale: float) -> None:
        """The unit embedding of a projection, and the logits of the cosine head."""
        unit = self.node("LpNormalization", [projected], "unit", axis=1, p=2)
        directions = self.weights["head/kernel"].astype(np.float64)
        directions *= scale / np.linalg.norm(directions, axis=0)
        scaled = self.constant("directions", directions.astype(np.float32))
        self.node("Identity", [unit], "embeddings")
        self.node("Identity", [self.node("MatMul", [unit, scaled], "cosines")], "logits")

    def written(self, name: str, pixels: list[int], *, dim: int, classes: int) -> bytes:
        """The graph as ONNX writes it, checked; pixels: the shape of one picture."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", *pixels])],
            [
                helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", dim]),
                helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes]),
            ],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        checker.check_model(model)
        return bytes(model.SerializeToString())
