"""`verify`, `events export` and `status` take what other commands print: runs, experiments,
`latest`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from db.engine import write_transaction
from db.errors import GateError, UsageError
from db.tables import slate_outcome
from tests.installation import TOY_FLAGS, Installation, Installer, copy_of

pytestmark = pytest.mark.journey

POLICIES = ["random", "visual"]


@pytest.fixture(scope="module")
def shop(installed: Installer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation that has played a run, then an experiment of two policies under two seeds."""
    made = installed(tmp_path_factory.mktemp("names"))
    assert made.call("simulate", "--policy", "cf", *TOY_FLAGS, "--local").returncode == 0
    words = ("experiment", "--policies", ",".join(POLICIES), "--seeds", "2", *TOY_FLAGS, "--local")
    done = made.call(*words)
    assert done.returncode == 0, done.stderr
    return made


def answer(made: Installation, *words: str, code: int = 0) -> Any:
    """What a command says in JSON."""
    done = made.call(*words, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def experiment_of(made: Installation) -> dict[str, Any]:
    """The run.json of the newest experiment."""
    found: dict[str, Any] = json.loads((made.folder / "runs" / "latest" / "run.json").read_text())
    return found


@pytest.mark.thorough
def test_the_printed_experiment_is_verified_run_by_run(shop: Installation) -> None:
    """The JSON has each run of each seed, in the form of a single run."""
    experiment = experiment_of(shop)
    found = answer(shop, "verify", experiment["experiment"])
    assert found["ok"]
    assert found["experiment"] == experiment["experiment"]
    assert list(found["runs"]) == POLICIES
    assert found["runs"] == found["seeds"]["1"]
    runs = {
        seed: {name: one["run"] for name, one in of.items()} for seed, of in found["seeds"].items()
    }
    assert runs == experiment["seeds"]
    alone = answer(shop, "verify", runs["2"]["visual"])
    assert set(alone) == {"ok", "checks"}
    assert found["seeds"]["2"]["visual"] == {"run": runs["2"]["visual"], **alone}
    lines = shop.call("verify", "latest").stdout.splitlines()
    assert len(lines) == 4
    assert all(
        re.match(r"ok +(random|visual) +seed [12], run \w{12}: 9 of 9 checks", one) for one in lines
    )


@pytest.mark.thorough
def test_one_spoilt_run_fails_the_experiment(shop: Installation, tmp_path: Path) -> None:
    """Exit 4 names the check and the run; the others hold."""
    spoilt = copy_of(shop, tmp_path / "shop")
    run = experiment_of(spoilt)["seeds"]["2"]["visual"]
    engine = spoilt.engine()
    with write_transaction(engine) as conn:
        conn.execute(
            delete(slate_outcome).where(
                slate_outcome.c.run == int(run, 16), slate_outcome.c.step == 0
            )
        )
    engine.dispose()
    found = answer(spoilt, "verify", "latest", code=GateError.exit_code)
    assert not found["ok"]
    assert [one["ok"] for of_seed in found["seeds"].values() for one in of_seed.values()] == [
        *(True, True, True),
        False,
    ]
    done = spoilt.call("verify", "latest")
    assert f"impressions of visual, run {run}" in done.stderr
    assert "WRONG impressions" in done.stdout


@pytest.mark.thorough
def test_an_export_of_an_experiment_asks_which_run(shop: Installation) -> None:
    """The refusal is a choice to copy from; with policy and seed it is the export of that run."""
    for words in ((), ("--policy", "visual"), ("--seed", "2"), ("--policy", "none", "--seed", "1")):
        refused = shop.call("events", "export", "latest", *words)
        assert refused.returncode == UsageError.exit_code
        assert "--policy random|visual --seed 1|2" in refused.stderr
        assert refused.stdout == ""
    run = experiment_of(shop)["seeds"]["2"]["visual"]
    chosen = shop.call("events", "export", "latest", "--policy", "visual", "--seed", "2")
    assert chosen.returncode == 0, chosen.stderr
    assert chosen.stdout == shop.call("events", "export", run).stdout


@pytest.mark.thorough
def test_a_name_finds_its_experiment_in_another_runs_folder(
    shop: Installation, tmp_path: Path
) -> None:
    """What was played with --runs is found with --runs."""
    moved = copy_of(shop, tmp_path / "shop")
    (moved.folder / "runs").rename(moved.folder / "elsewhere")
    assert moved.call("verify", "latest").returncode == 2
    assert moved.call("verify", "latest", "--runs", "elsewhere").returncode == 0


@pytest.mark.thorough
def test_the_status_of_a_name_has_its_runs_only(shop: Installation) -> None:
    """All without a name; the four of the experiment with it, and one of a run."""
    assert len(answer(shop, "status")["runs"]) >= 5
    of_latest = {one["run"] for one in answer(shop, "status", "latest")["runs"]}
    seeds = experiment_of(shop)["seeds"]
    assert of_latest == {run for of_seed in seeds.values() for run in of_seed.values()}
    one = next(iter(of_latest))
    assert [found["run"] for found in answer(shop, "status", one)["runs"]] == [one]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("words", "sold"),
    [
        (("simulate",), "1,000"),
        (("experiment", "--policies", "random,visual", "--seeds", "1"), "600"),
    ],
)
def test_sizes_that_nobody_gave_follow_from_the_catalogue(
    shop: Installation, words: tuple[str, ...], sold: str
) -> None:
    """It says so; what somebody asked for and the catalogue does not have is refused."""
    small = ("--catalogue", "toy", "--days", "1", "--shoppers", "20", "--local", "--runs", "fitted")
    done = shop.call(*words, *small, "--queries", "30")
    assert done.returncode == 0, done.stderr
    instead = f"playing with 120 and 30 instead of {sold} and 30"
    assert f"120 items and 40 queries: {instead}" in done.stderr
    refused = shop.call(*words, *small, "--items", "1000")
    assert refused.returncode == UsageError.exit_code
    assert "1000" in refused.stderr


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_the_demo_ends_with_a_check_of_its_runs(shop: Installation, tmp_path: Path) -> None:
    """One line after the report; in JSON the whole answer of verify; --no-verify leaves it out."""
    demo = ("demo", "--catalogue", "toy", "--workers", "1", "--seeds", "1")
    again = copy_of(shop, tmp_path / "shop")
    assert again.start(*demo).wait(timeout=600) == 0
    done = again.call(*demo)
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout.splitlines()[-1] == "verified: 5 runs, counts and slates recomputed, all equal"
    )
    found = answer(again, *demo)
    page = (again.folder / found["report"]).read_text()
    assert "<code>windowshop demo --seeds 1 --seed 1 --catalogue toy</code>" in page
    assert found["verified"] == answer(again, "verify", found["experiment"])
    assert "verified" not in again.call(*demo, "--no-verify").stdout
    engine = again.engine()
    with write_transaction(engine) as conn:
        conn.execute(
            delete(slate_outcome).where(slate_outcome.c.run == int(found["runs"]["cf"], 16))
        )
    engine.dispose()
    assert not answer(again, *demo, code=GateError.exit_code)["verified"]["ok"]
