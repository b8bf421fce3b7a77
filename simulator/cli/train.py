"""The `train` command: our own network or MobileNet, on Fashion-MNIST or on own pictures."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show_result

# ruff: noqa: PLC0415 - late imports keep --help quick

CNN = "cnn"
MOBILENET = "mobilenet"
FASHION_MNIST = "fashion-mnist"


Backbone = Annotated[
    str, typer.Option(help="cnn: our own network; mobilenet: pretrained MobileNetV2.")
]
Preset = Annotated[
    str,
    typer.Option(
        help=(
            "quick: a minute, for mobilenet a head on frozen features; best: the smallest error we"
            " know; general: our own network for pictures of kinds that nobody named."
        )
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        help=(
            "What mobilenet starts from: imagenet (Keras' download), none, or a Keras weights file;"
            " left out: imagenet."
        )
    ),
]
Catalogue = Annotated[
    str, typer.Option(help="What mobilenet learns: its pictures and the categories of its CSV.")
]
Seed = Annotated[int, typer.Option(help="Seed of the first weights and of the order of pictures.")]


def train(  # noqa: PLR0917 - Typer calls by name
    backbone: Backbone = CNN,
    preset: Preset = "quick",
    weights: Weights = None,
    catalogue: Catalogue = FASHION_MNIST,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Train an embedder and measure it on pictures that it has not seen.

    Our own network learns Fashion-MNIST. MobileNet learns it too, or an own
    catalogue in colour; preset quick trains a head on frozen features, best
    then tunes the convolutions in stages. WINDOWSHOP_MODEL chooses among what
    was trained. A training that was stopped goes on.
    """
    from simulator.embedders.backbones import check, trained

    check(backbone, weights=weights, catalogue=catalogue)
    model = trained(
        open_installation(),
        backbone=backbone,
        preset=preset,
        seed=seed,
        weights=weights,
        catalogue=catalogue,
    )
    accuracy = model.metrics.get("test_accuracy")
    n = model.metrics["test_pictures"]
    what = "of the test images" if catalogue == FASHION_MNIST else f"of the {n:,} query items"
    use = "" if catalogue == FASHION_MNIST else f"\nto use it: WINDOWSHOP_MODEL={model.name}"
    doubt = f"\n{model.doubt}" if model.doubt else ""
    measured = (
        "was tested on nothing"
        if accuracy is None
        else f"names {100 * accuracy:.2f} % {what} right"
    )
    show_result(
        {
            "model": model.key,
            "folder": str(model.folder),
            "test_accuracy": accuracy,
            **({"doubt": model.doubt} if model.doubt else {}),
            "fit_seconds": round(model.fit_seconds, 1),
        },
        f"{model.name} {measured}, after {model.fit_seconds:.0f} s of fitting\nkept in"
        f" {model.folder}{use}{doubt}",
        as_json=as_json,
    )
