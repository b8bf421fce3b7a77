"""A trained network as files: a manifest that says what it is, its weights as plain numbers, a
model card.

The weights are little-endian float32, one array after another in the order the manifest lists them.
The file has no code, no structure and no timestamp: the same weights are the same bytes, and they
can only be numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.embedding.architecture import MobileNet, described
from recommender.embedding.files import replace_file
from recommender.embedding.runtimes import tensorflow_version
from recommender.embedding.training.trained import Trained

MANIFEST = "manifest.json"
WEIGHTS = "weights.bin"
CARD = "MODEL_CARD.md"
HISTORY = "history.json"
SCHEMA = 1
EDGE_COMPONENTS = "edges/axes"
"""The last array of a model that has edge histograms beside its network."""

Array = NDArray[np.float32]


def pack(arrays: Sequence[Array]) -> bytes:
    """The weights file of some arrays."""
    return b"".join(np.ascontiguousarray(array, dtype="<f4").tobytes() for array in arrays)


def model_key(manifest: Mapping[str, Any]) -> str:
    """The name of a model: its architecture and the first 12 hex digits of its weights' sha256."""
    return f"{manifest['architecture']['name']}-{manifest['weights_sha256'][:12]}"


def describe(
    trained: Trained,
    *,
    classes: Sequence[str],
    data_sha256: str,
    metrics: Mapping[str, Any],
) -> tuple[bytes, bytes]:
    """Manifest and weights as bytes, the pair that a database keeps."""
    arrays = trained.model.get_weights()
    listed = [{"name": one.path, "shape": list(one.shape)} for one in trained.model.weights]
    components = trained.edge_components
    if components is not None:
        arrays.append(components)
        listed.append({"name": EDGE_COMPONENTS, "shape": list(components.shape)})
    weights = pack(arrays)
    manifest = {
        "schema": SCHEMA,
        "architecture": trained.architecture.to_json(),
        "dim": trained.architecture.dim + (0 if components is None else components.shape[1]),
        "classes": list(classes),
        "training": asdict(trained.settings),
        "seed": trained.seed,
        "data_sha256": data_sha256,
        "metrics": dict(metrics),
        "keras": version("keras"),
        "tensorflow": tensorflow_version(),
        "weights": listed,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    return (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode(), weights


def save(
    folder: Path,
    trained: Trained,
    *,
    classes: Sequence[str],
    data_sha256: str,
    metrics: Mapping[str, Any],
) -> str:
    """Writes four files, the manifest last: a half-written folder has none. Gives back the model
    key.
    """
    manifest, weights = describe(trained, classes=classes, data_sha256=data_sha256, metrics=metrics)
    plain = json.loads(manifest)
    # without a validation split there is no accuracy, and JSON has no NaN
    epochs = [asdict(one) for one in trained.history]
    known = [
        {name: None if _is_unknown(value) else value for name, value in one.items()}
        for one in epochs
    ]
    history = {"epochs": known, "timings": dict(trained.timings)}
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / WEIGHTS, weights)
    replace_file(folder / CARD, model_card(plain).encode())
    replace_file(folder / HISTORY, (json.dumps(history, indent=2) + "\n").encode())
    replace_file(folder / MANIFEST, manifest)
    return model_key(plain)


def read(folder: Path) -> tuple[bytes, bytes]:
    """Manifest and weights of a folder, checked; ValueError names the file that is not what it
    should be.
    """
    try:
        manifest = (folder / MANIFEST).read_bytes()
        weights = (folder / WEIGHTS).read_bytes()
    except OSError as error:
        raise ValueError(f"{error.filename}: cannot be read ({error.strerror})") from None
    verify(manifest, weights, where=folder)
    return manifest, weights


def load(folder: Path) -> Any:
    """The Keras model of a folder; ValueError names the file that is not what it should be."""
    return from_bytes(*read(folder), where=folder)


def from_bytes(manifest: bytes, weights: bytes, *, where: Path | str = "model") -> Any:
    """The Keras model of a manifest and its weights, built by our code and filled with numbers
    only.
    """
    plain, arrays = verify(manifest, weights, where=where)
    try:
        model = _built(plain["architecture"])
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(
            f"{_file(where, MANIFEST)}: no such network can be built ({_line(error)})"
        ) from None
    wanted = {one.path: tuple(one.shape) for one in model.weights}
    found = {one["name"]: array.shape for one, array in zip(plain["weights"], arrays, strict=True)}
    if list(wanted.items()) != list(found.items()):
        raise ValueError(
            f"{_file(where, WEIGHTS)}: wanted the shapes of {model.name}, found"
            f" {_difference(wanted, found)}"
        )
    model.set_weights(arrays)
    return model


def parted(manifest: bytes, weights: bytes) -> tuple[bytes, bytes, Array | None]:
    """Manifest and weights of the network alone, and the components of the edge histograms beside
    it.

    The components are None where there are none.

    Raises ValueError when they were damaged.
    """
    plain, arrays = verify(manifest, weights)
    if not plain["weights"] or plain["weights"][-1]["name"] != EDGE_COMPONENTS:
        return manifest, weights, None
    components = arrays[-1]
    if components.ndim != 2:
        raise ValueError(f"{EDGE_COMPONENTS}: wanted a matrix, found {list(components.shape)}")
    own = pack(arrays[:-1])
    alone = {
        **plain,
        "architecture": {**plain["architecture"], "edges": 0},
        "dim": plain["dim"] - components.shape[1],
        "weights": plain["weights"][:-1],
        "weights_sha256": hashlib.sha256(own).hexdigest(),
    }
    return json.dumps(alone).encode(), own, components


def _built(plain: Mapping[str, Any]) -> Any:
    """The network of a description, its weights at random."""
    # TensorFlow takes seconds to import; checking needs none of it
    from recommender.embedding import mobilenet, network  # noqa: PLC0415 - as the line above says

    architecture = described(plain)
    if isinstance(architecture, MobileNet):
        return mobilenet.build(architecture, seed=0)
    return network.build(architecture, seed=0)


def verify(
    manifest: bytes, weights: bytes, *, where: Path | str = "model"
) -> tuple[dict[str, Any], list[Array]]:
    """The parsed manifest and the arrays; ValueError for flipped bits, missing bytes, numbers not
    finite.
    """
    plain = _parsed(manifest, _file(where, MANIFEST))
    name = _file(where, WEIGHTS)
    shapes = [tuple(one["shape"]) for one in plain["weights"]]
    sizes = [math.prod(shape) for shape in shapes]
    if len(weights) != 4 * sum(sizes):
        raise ValueError(
            f"{name}: wanted {4 * sum(sizes)} bytes, found {len(weights)}: cut off or not of this"
            " manifest"
        )
    digest = hashlib.sha256(weights).hexdigest()
    if digest != plain["weights_sha256"]:
        raise ValueError(
            f"{name}: wanted sha256 {plain['weights_sha256'][:12]}..., found {digest[:12]}...:"
            " damaged"
        )
    numbers = np.frombuffer(weights, "<f4").astype(np.float32, copy=False)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name}: holds numbers that are not finite")
    ends = np.cumsum(sizes)[:-1]
    return plain, [
        part.reshape(shape) for part, shape in zip(np.split(numbers, ends), shapes, strict=True)
    ]


def _parsed(manifest: bytes, name: str) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = json.loads(manifest)
        if plain["schema"] != SCHEMA:
            raise ValueError(f"schema {plain['schema']} is not {SCHEMA}")
        model_key(plain)
        for one in plain["weights"]:
            if not isinstance(one["name"], str) or not all(
                type(n) is int and n > 0 for n in one["shape"]
            ):
                raise ValueError(f"{one} is no array of weights")
        return plain
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{name}: not a manifest ({_line(error)})") from None


def model_card(manifest: Mapping[str, Any]) -> str:
    """What a reader should know before using the model, as Markdown."""
    architecture = manifest["architecture"]
    training = manifest["training"]
    n_parameters = sum(math.prod(one["shape"]) for one in manifest["weights"])
    measured = "\n".join(
        f"- {name}: {value:.4f}"
        for name, value in manifest["metrics"].items()
        if isinstance(value, float)
    )
    side = architecture["size"]
    names = manifest["classes"]
    kind = "colour" if architecture.get("channels") == 3 else "grey"
    trained = n_parameters - sum(
        math.prod(one["shape"]) for one in manifest["weights"] if one["name"] == EDGE_COMPONENTS
    )
    beside = manifest["architecture"].get("edges")
    outlines = (
        f" {beside} of the numbers are principal components of edge histograms." if beside else ""
    )
    return f"""# {model_key(manifest)}

An embedding of {side}x{side} {kind} pictures: {manifest["dim"]} numbers, unit length.
{trained:,} parameters, trained to tell {len(names)} classes apart: {", ".join(names)}.{outlines}

## Measured

{measured or "- nothing yet"}

## Made from

- training data (sha256): {manifest["data_sha256"]}
- seed {manifest["seed"]}, {_course(training)}
- Keras {manifest["keras"]}, TensorFlow {manifest["tensorflow"]}
- weights (sha256): {manifest["weights_sha256"]}

## Limits

It has seen centred products on a plain background only. Similar means {_meaning(training)}.
{"Brand" if kind == "colour" else "Colour, brand"} and price are unknown to it.
"""


def _meaning(training: Mapping[str, Any]) -> str:
    """What a network takes for alike, by what it was trained for."""
    if training.get("contrast"):
        return '"hard to tell apart, whatever it is": for pictures of kinds that nobody named'
    if training.get("appearance"):
        return (
            f'"of the same class" first; {training["appearance_share"]:.0%} of the squared length'
            " are trained to say how a picture looks among its class"
        )
    return '"similar for telling these classes apart"'


def _is_unknown(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _course(training: Mapping[str, Any]) -> str:
    """How a training went, in a line of the card."""
    if "head" not in training:
        return f"{training['epochs']} epochs in {training['compute']}"
    parts = [f"head {training['head']['epochs']} epochs on frozen features"]
    parts += [f"{stage['name']} {stage['epochs']}" for _, stage in training["stages"]]
    return (
        f"MobileNetV2 from {training['start']}; {', then '.join(parts)}; few pictures: more epochs"
    )


def _file(where: Path | str, name: str) -> str:
    return f"{where}/{name}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]


def _difference(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    for name, shape in wanted.items():
        if found.get(name) != shape:
            return f"{found.get(name, 'nothing')} for {name} {shape}"
    return "others beside or in another order"
