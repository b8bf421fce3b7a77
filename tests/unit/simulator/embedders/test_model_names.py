"""A missing model's advice is a command that makes a model of that very name."""

from __future__ import annotations

import shlex

import pytest

from simulator.embedders import model_names
from tests import cli_reference

MADE = [
    *(model_names.cnn(preset, seed) for preset in model_names.CNN_PRESETS for seed in (1, 7)),
    *(
        model_names.mobilenet(preset, seed, catalogue)
        for preset in model_names.MOBILENET_PRESETS
        for seed in (1, 7)
        for catalogue in ("fashion-mnist", "shop", "my-shop-2")
    ),
]


@pytest.mark.parametrize("name", MADE)
def test_the_command_makes_a_model_of_that_name(name: str) -> None:
    """What the parser reads from the command names the model again."""
    words = shlex.split(str(model_names.training(name)))
    assert words[:2] == ["windowshop", "train"]
    command = dict(cli_reference.commands())["windowshop train"]
    given = command.make_context("windowshop train", words[2:]).params
    if given["backbone"] == "cnn":
        assert model_names.cnn(given["preset"], given["seed"]) == name
    else:
        made = model_names.mobilenet(given["preset"], given["seed"], given["catalogue"])
        assert made == name
    assert model_names.advice(name) == f"`{shlex.join(words)}` makes it"


@pytest.mark.parametrize(
    "name",
    ["cnn-mine", "mobilenet-general", "cnn-best-shop", "cnn-best-seed1", "pca-64", "", "mobilenet"],
)
def test_a_name_that_no_command_makes_gets_no_command(name: str) -> None:
    """It is told which names there are instead."""
    assert model_names.training(name) is None
    assert "cnn-best, cnn-general" in model_names.advice(name)
