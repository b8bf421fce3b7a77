"""The kept state of a training: it comes back whole, for the same training only, and damage is
named.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommender.embedding.architecture import Architecture
from recommender.embedding.training import resume

ARCHITECTURE = Architecture("toy", stem=(3, 8, 4), stages=((8, 2, 1),), dim=6, classes=2)


@dataclass(frozen=True)
class Settings:
    """Stands for the numbers of a training."""

    name: str = "toy"
    rate: float = 0.1


@dataclass
class Variable:
    """A number of a training that can be read and set, as Keras' variables can."""

    value: Any = field(default_factory=lambda: np.zeros(3))

    def __array__(self, *_args: Any, **_kwargs: Any) -> Any:
        return self.value

    def assign(self, value: Any) -> None:
        """Set it."""
        self.value = value


def place(folder: Path, **changes: Any) -> Path:
    """Where the state of a toy training is kept, some things about it changed."""
    known: dict[str, Any] = {
        "images": np.zeros((2, 4, 4), np.uint8),
        "labels": np.array([0, 1]),
        "architecture": ARCHITECTURE,
        "settings": Settings(),
        "seed": 1,
    }
    return resume.place(folder, **(known | changes))


def test_a_training_finds_its_own_state_and_no_other(tmp_path: Path) -> None:
    """Pictures, labels, architecture, settings and seed each make another name."""
    others = [
        place(tmp_path, images=np.ones((2, 4, 4), np.uint8)),
        place(tmp_path, labels=np.array([1, 0])),
        place(tmp_path, architecture=replace(ARCHITECTURE, classes=3)),
        place(tmp_path, settings=Settings(rate=0.2)),
        place(tmp_path, seed=2),
    ]
    assert place(tmp_path) == place(tmp_path)
    assert len({place(tmp_path), *others}) == 6
    assert place(tmp_path).name.startswith("toy-")


def test_variables_come_back_in_their_order_with_what_was_told(tmp_path: Path) -> None:
    """What was told says which variables there are, before they are filled."""
    path = place(tmp_path / "new")
    resume.keep(path, [Variable(np.arange(3.0)), Variable(np.ones(2))], {"n": 2})
    found: list[Variable] = []

    def variables(told: dict[str, Any]) -> list[Variable]:
        found.extend(Variable() for _ in range(told["n"]))
        return found

    resume.take_up(path, variables)
    assert [one.value.tolist() for one in found] == [[0.0, 1.0, 2.0], [1.0, 1.0]]


def test_a_damaged_state_is_named_with_what_mends_it(tmp_path: Path) -> None:
    """Cut off, it is no state; the message holds the path."""
    path = place(tmp_path)
    resume.keep(path, [Variable()], {})
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(
        ValueError, match=rf"{path}: cannot be resumed from .*; delete it to start again"
    ):
        resume.take_up(path, lambda told: [Variable() for _ in range(1 + len(told))])
