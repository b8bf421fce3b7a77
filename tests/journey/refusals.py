"""Commands that are refused, and what must be said of each; here those of operators, and the
demo's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.installation import Installation

FAILED = 1
USAGE = 2
DEPENDENCY = 3
GATE = 4

Spoil = Callable[[Installation], None]


def nothing(_: Installation) -> None:
    """All is well, but for the arguments."""


def no_model(installation: Installation) -> None:
    """So that anything that comes after the model's training would take a minute to be said."""
    shutil.rmtree(installation.model)


def a_file(installation: Installation) -> None:
    """Where a folder is wanted."""
    (installation.folder / "file").write_text("not a folder")


@dataclass(frozen=True)
class Case:
    """A command and what must come of it. words: that the one line must hold: the fault, then the
    cure.
    """

    command: tuple[str, ...]
    code: int
    words: tuple[str, ...]
    spoil: Spoil = nothing
    environment: dict[str, str] = field(default_factory=dict)


OPERATIONS = {
    "work that does not exist, to try again": Case(
        ("work", "retry", "4000"), USAGE, ("no work 4000", "windowshop work list")
    ),
    "work that does not exist, to drop": Case(
        ("work", "drop", "9" * 30), USAGE, ("no work 999", "windowshop work list")
    ),
    "work that is no number": Case(
        ("work", "drop", "x"), USAGE, ("'x'", "windowshop work drop --help")
    ),
    "no work at all": Case(
        ("work", "retry"), USAGE, ("--all", "windowshop work list --state parked")
    ),
    "all work and some": Case(
        ("work", "drop", "--all", "1"), USAGE, ("--all", "windowshop work list")
    ),
    "an unknown state of work": Case(
        ("work", "list", "--state", "lost"), USAGE, ("ready, taken, parked", "found 'lost'")
    ),
    "metrics for everybody without a token": Case(
        ("up",),
        USAGE,
        ("0.0.0.0:0", "WINDOWSHOP_METRICS_TOKEN_FILE", "127.0.0.1"),
        environment={"WINDOWSHOP_METRICS": "0.0.0.0:0"},
    ),
    "metrics at no address": Case(
        ("up",),
        USAGE,
        ("found '9464'", "127.0.0.1:9464"),
        environment={"WINDOWSHOP_METRICS": "9464"},
    ),
    "a token file that is not there": Case(
        ("up",),
        USAGE,
        ("token file nowhere", "WINDOWSHOP_METRICS_TOKEN_FILE"),
        environment={"WINDOWSHOP_METRICS": "0.0.0.0:0", "WINDOWSHOP_METRICS_TOKEN_FILE": "nowhere"},
    ),
    "a token that is too short": Case(
        ("up",),
        USAGE,
        ("0 characters", "at least 16", "openssl rand"),
        environment={
            "WINDOWSHOP_METRICS": "0.0.0.0:0",
            "WINDOWSHOP_METRICS_TOKEN_FILE": os.devnull,
        },
    ),
}
"""Parked work and metrics."""

DEMO = {
    "a negative seed for the demo": Case(
        ("demo", "--seed", "-1"), USAGE, ("--seed must be at least 0",), no_model
    ),
    "a negative seed for the demo that trains first": Case(
        ("demo", "--train", "--seed", "-1"), USAGE, ("--seed must be at least 0",), no_model
    ),
    "no such catalogue for the demo that trains first": Case(
        ("demo", "--train", "--catalogue", "mine"),
        USAGE,
        ("no catalogue 'mine'", "windowshop status"),
        no_model,
    ),
    "an unwritable runs folder for the demo that trains first": Case(
        ("demo", "--train", "--runs", "file/runs"), FAILED, ("runs folder file/runs",), a_file
    ),
}
"""What would be a pity to hear after a training."""

OTHERS = OPERATIONS | DEMO
