"""A network that names its test pictures no better than chance is called so, and no other is."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.embedders.chance import chance_accuracy, verdict

FIVE = ["bag", "boot", "lamp", "mug", "vase"]


def metrics(right: int, n: int, chance: float = 0.2) -> dict[str, float]:
    """Of a network that names so many of n pictures right."""
    return {"test_pictures": n, "test_accuracy": right / n, "chance_accuracy": chance}


@pytest.mark.parametrize(("right", "n"), [(3, 14), (2, 12), (5, 12), (21, 100), (27, 100), (0, 1)])
def test_what_chance_would_do_is_called_chance(right: int, n: int) -> None:
    """Few pictures prove little: five of twelve come by chance once in fourteen times."""
    said = verdict("mine", metrics(right, n), FIVE)
    assert said.startswith("mine names no better than chance")
    assert f"{right} of {n} test pictures" in said
    assert "--weights imagenet" in said
    assert "\n" not in said


@pytest.mark.parametrize(("right", "n"), [(6, 12), (28, 100), (9_400, 10_000)])
def test_what_chance_seldom_does_is_believed(right: int, n: int) -> None:
    """Once in twenty times at most."""
    assert verdict("mine", metrics(right, n), FIVE) == ""


def test_the_commonest_category_counts() -> None:
    """Eighty of a hundred are nothing where eighty are mugs."""
    labels = np.array([3] * 80 + [1] * 20)
    assert chance_accuracy(labels) == 0.8
    assert verdict("mine", metrics(80, 100, 0.8), FIVE)
    assert not verdict("mine", metrics(80, 100, 0.2), FIVE)


def test_what_was_tested_on_nothing_is_not_judged() -> None:
    """Missing is not bad; an older manifest is held against equal shares."""
    assert verdict("mine", {}, FIVE) == ""
    assert verdict("mine", {"test_pictures": 0}, FIVE) == ""
    assert verdict("mine", {"test_pictures": 10, "test_accuracy": 0.5}, []) == ""
    assert verdict("mine", {"test_pictures": 100, "test_accuracy": 0.21}, FIVE)
    assert not verdict("mine", {"test_pictures": 100, "test_accuracy": 0.5}, FIVE)
