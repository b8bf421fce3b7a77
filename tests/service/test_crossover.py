"""A grid on several processes: every cell in its file, nothing played twice, the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.installation import TOY_FLAGS, Installation, Installer

pytestmark = pytest.mark.service

GRID = (
    *(
        "crossover",
        *TOY_FLAGS,
        "--shares",
        "0.1,0.9",
        "--seeds",
        "2",
        "--policies",
        "visual,cf,blend",
    ),
    *("--few", "oracle,bayes", "--few-seeds", "1", "--json"),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation with the toy catalogue."""
    return installed(tmp_path_factory.mktemp("shop"))


def played(shop: Installation, *words: str, **changes: str) -> dict[str, Any]:
    """What the command answers."""
    done = shop.call(*GRID, *words, **changes)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def cells(shop: Installation) -> dict[Path, int]:
    """The files of the cells and when they were written."""
    return {
        path: path.stat().st_mtime_ns for path in (shop.folder / "runs" / "cells").glob("*.json")
    }


@pytest.mark.thorough
def test_a_stopped_grid_goes_on_and_one_process_gives_the_numbers_of_two(
    shop: Installation,
) -> None:
    """The second call plays only the cell whose file was lost; worlds, claims and page are
    there.
    """
    first = played(shop, "--workers", "2")
    kept = cells(shop)
    assert len(kept) == 2 * 2 * 3 + 2 * 2 + 2 * 2  # policies, few on one seed, logs
    lost = sorted(kept)[3]
    lost.unlink()
    again = played(shop, "--workers", "1")
    assert again == first
    assert {path for path, at in cells(shop).items() if kept[path] != at} == {lost}
    assert [world["hidden_share"] for world in first["worlds"]] == [0.1, 0.9]
    assert first["worlds"][0]["ctr_late_expected"]["oracle"]["n"] == 1
    assert "offline" in first["worlds"][1]
    assert Path(shop.folder / first["report"]).exists()


@pytest.mark.thorough
def test_a_gate_that_is_not_met_exits_4(shop: Installation) -> None:
    """Random cannot be shown to keep up with anything: 60 shoppers are too few for any claim."""
    done = shop.call(*GRID, "--gate")
    assert done.returncode == 4
    assert "not shown" in done.stderr


@pytest.mark.thorough
def test_offline_answers_with_policies_and_strata(shop: Installation) -> None:
    """`policies.NAME.METRIC` with its interval, and the strata of both sides."""
    done = shop.call("offline", *TOY_FLAGS, "--policies", "visual,cf,blend", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["policies"]["blend"]["ndcg@10"]) == {"value", "low", "high", "n"}
    assert set(found["strata"]["truth"]) == {"cold", "warm", "hot"}
    assert found["empty"] < found["requests"]
