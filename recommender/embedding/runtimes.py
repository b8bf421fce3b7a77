"""Which arithmetic embeds: TensorFlow, or ONNX Runtime from a graph exported here. This imports
neither.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

Runtime = Literal["tensorflow", "onnx"]

_DISTRIBUTION = {"tensorflow": "tensorflow", "onnx": "onnxruntime"}


def runtime_key(runtime: Runtime) -> str:
    """The part of an embedding's key that names the arithmetic: "tensorflow-2.21",
    "onnxruntime-1.31".

    Raises ValueError when that runtime is not installed.
    """
    try:
        found = tensorflow_version() if runtime == "tensorflow" else version(_DISTRIBUTION[runtime])
    except PackageNotFoundError:
        raise ValueError(f"{_DISTRIBUTION[runtime]} is not installed") from None
    return f"{_DISTRIBUTION[runtime]}-" + ".".join(found.split(".")[:2])


def runtime_of(key: str) -> Runtime:
    """The runtime that a key names; what is unknown is TensorFlow's."""
    return "onnx" if key.startswith("onnxruntime-") else "tensorflow"


def tensorflow_version() -> str:
    """The installed TensorFlow's version, without importing it (its wheels have two names)."""
    try:
        return version("tensorflow-cpu")
    except PackageNotFoundError:
        return version("tensorflow")
