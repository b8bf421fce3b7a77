"""Trains whichever network is asked for: our own, or MobileNet."""

from __future__ import annotations

from db.errors import UsageError
from db.nearest import nearest
from simulator.catalogues.stored import FASHION_MNIST
from simulator.embedders.train import TrainedModel, train
from simulator.embedders.transfer import IMAGENET, transfer
from simulator.installation.context import Context

CNN = "cnn"
MOBILENET = "mobilenet"


def check(backbone: str, *, weights: str | None, catalogue: str) -> None:
    """Raise UsageError for options that do not go together."""
    if backbone not in {CNN, MOBILENET}:
        hint = nearest(backbone, (CNN, MOBILENET))
        raise UsageError(f"no backbone {backbone!r}; {hint}choose one of {CNN}, {MOBILENET}")
    if backbone == CNN and (weights is not None or catalogue != FASHION_MNIST):
        raise UsageError(
            f"--weights and --catalogue are for --backbone {MOBILENET}; add it, or leave them out"
        )


def trained(
    context: Context,
    *,
    backbone: str = CNN,
    preset: str,
    seed: int,
    weights: str | None = None,
    catalogue: str = FASHION_MNIST,
) -> TrainedModel:
    """Train, test, save; a training that was stopped goes on."""
    check(backbone, weights=weights, catalogue=catalogue)
    if backbone == CNN:
        return train(context, preset=preset, seed=seed)
    start = IMAGENET if weights is None else weights
    return transfer(context, preset=preset, seed=seed, weights=start, catalogue=catalogue)
