"""The names that trained models are kept under, and the command that makes the model of a name."""

from __future__ import annotations

import re
import shlex

from db.nearest import nearest
from recommender.embedding.unlabelled import registry as unlabelled
from simulator.catalogues.stored import FASHION_MNIST

SAVED_SEED = 1
"""The seed that a name leaves out."""
CNN_PRESETS = ("quick", "best", "general")
MOBILENET_PRESETS = ("quick", "best")


def cnn(preset: str, seed: int) -> str:
    """The name of a network of our own."""
    return f"cnn-{preset}" + _seed(seed)


def mobilenet(preset: str, seed: int, catalogue: str) -> str:
    """The name of a MobileNet; what learned an own catalogue carries its name."""
    own = "" if catalogue == FASHION_MNIST else f"-{catalogue}"
    return f"mobilenet-{preset}{own}" + _seed(seed)


def training(name: str) -> str | None:
    """The command that makes the model of this name; None when none does."""
    found = re.fullmatch(r"(cnn|mobilenet)-([a-z]+)(?:-(.+?))??(?:-seed(\d+))?", name)
    if found is None:
        return None
    kind, preset, catalogue, given = found.groups()
    seed = SAVED_SEED if given is None else int(given)
    words = ["windowshop", "train", "--preset", preset]
    if kind == "cnn":
        made = cnn(preset, seed) if preset in CNN_PRESETS else None
    else:
        own = catalogue or FASHION_MNIST
        made = mobilenet(preset, seed, own) if preset in MOBILENET_PRESETS else None
        words += ["--backbone", "mobilenet", *(["--catalogue", own] if catalogue else [])]
    words += [] if seed == SAVED_SEED else ["--seed", str(seed)]
    return shlex.join(words) if made == name else None


def advice(name: str) -> str:
    """What to do where the model of this name is missing."""
    command = training(name)
    if command is not None:
        return f"`{command}` makes it"
    known = [cnn(preset, SAVED_SEED) for preset in CNN_PRESETS] + list(unlabelled.FITS)
    return (
        f"{nearest(name, known)}no command makes one of that name; set WINDOWSHOP_MODEL to"
        f" {', '.join(known)}, or to what `windowshop train` names at its end"
    )


def _seed(seed: int) -> str:
    return "" if seed == SAVED_SEED else f"-seed{seed}"
