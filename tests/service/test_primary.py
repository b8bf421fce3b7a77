"""The comparison that decides is declared with an experiment and outlives it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.installation import TOY_FLAGS, Installer

pytestmark = pytest.mark.service

PLAYED = ("experiment", *TOY_FLAGS, "--local", "--policies", "random,visual,oracle")
PAIR = ("--compare", "oracle", "random")


@pytest.mark.thorough
def test_a_declaration_outlives_its_experiment(tmp_path: Path, installed: Installer) -> None:
    """A report made later knows it; another choice gets a caution and no p of its own, also where
    the experiment is asked for again.
    """
    shop = installed(tmp_path / "shop")
    ask = (*PLAYED, "--seeds", "2", "--runs", str(tmp_path / "runs"))

    def told(*command: str) -> tuple[str, list[Any]]:
        done = shop.call(*command)
        assert done.returncode == 0, done.stderr
        found = json.loads((tmp_path / "runs" / "latest" / "metrics.json").read_text())
        primary = [one for one in found["differences"] if one["role"] == "primary"]
        return done.stdout, [(one["a"], one["b"], one["metric"]) for one in primary]

    declared = [("oracle", "random", "cart_rate")]
    assert told(*ask, "--primary", "cart_rate", *PAIR)[1] == declared
    again = ("report", "latest", "--runs", str(tmp_path / "runs"))
    out, primary = told(*again)
    assert primary == declared
    assert "Sessions with a cart of oracle" in out
    assert "after the runs were played" not in out
    for command in (again, ask):
        out, primary = told(*command, "--primary", "ctr", *PAIR)
        assert primary == []
        assert "after the runs were played" in " ".join(out.split())


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--primary", "cart_rat"), "no measure 'cart_rat'; did you mean 'cart_rate'"),
        (("--compare", "blend", "visual"), "wanted to compare 'blend'"),
    ],
)
def test_a_wrong_declaration_is_refused_before_anything_is_played(
    tmp_path: Path, installed: Installer, asked: tuple[str, ...], said: str
) -> None:
    """In one line."""
    done = installed(tmp_path / "shop").call(*PLAYED, "--seeds", "1", *asked)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
