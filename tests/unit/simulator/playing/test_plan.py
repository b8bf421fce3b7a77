"""A plan that cannot be played is refused; the config says all that a run depends on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import Engine

from db import runs
from db.errors import UsageError
from simulator.playing.plan import LARGEST, Plan
from tests import factories


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("policy", "best", "no policy 'best'; .*choose one of random, .*oracle"),
        ("world", "flat", "no world 'flat'; choose one of visual, mixed, social"),
        ("days", 0, "--days must be at least 1, found 0"),
        ("shoppers", 0, "--shoppers must be at least 1, found 0"),
        ("shoppers", -5, "found -5"),
        ("items", 9, "--items must be at least 10, found 9"),
        ("queries", 0, "--queries must be at least 1"),
        ("slates", 0, "--slates must be at least 1"),
        ("seed", -1, "--seed must be at least 0"),
        *(
            (name, most + 1, f"--{name} must be at most {most}, found {most + 1}")
            for name, most in LARGEST.items()
        ),
    ],
)
def test_what_cannot_be_played_is_refused(name: str, value: Any, words: str) -> None:
    """UsageError names the option, what it wants and what was found."""
    with pytest.raises(UsageError, match=words):
        Plan(**{name: value})


def test_the_largest_seed_can_be_played(sqlite: Engine) -> None:
    """The limit is one that the draws can bear."""
    from workers.local_workforce import LocalWorkforce

    played = factories.play(sqlite, LocalWorkforce(sqlite), seed=LARGEST["seed"], days=1, slates=1)
    assert played.events > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("policy", "cf"), ("seed", 2), ("days", 4), ("shoppers", 61), ("items", 119), ("slates", 2)],
)
def test_another_plan_is_another_run(sqlite: Engine, name: str, value: Any) -> None:
    """The id follows from the config; the same plan has the same id."""
    first, again = (factories.resolved(sqlite).config for _ in range(2))
    other = factories.resolved(sqlite, **{name: value}).config
    assert runs.id_of(first) == runs.id_of(again)
    assert runs.id_of(other) != runs.id_of(first)


def test_the_config_says_the_whole_plan(sqlite: Engine) -> None:
    """Every field of Plan stands in it; the world's preset with all its numbers."""
    config = factories.resolved(sqlite).config
    for name, value in asdict(factories.TOY_PLAN).items():
        found = config[name]["preset"] if name == "world" else config[name]
        assert found == value
    assert config["recommender"]["policy"] == config["policy"]
