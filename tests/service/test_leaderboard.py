"""A leaderboard over stored runs: who met the same shoppers is ranked, whenever it was played."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.errors import NotFoundError, UsageError
from simulator.installation import run_folder
from simulator.installation.context import Context
from simulator.leaderboard.contest import contest_of
from simulator.leaderboard.write import leaderboard
from simulator.playing.simulate import simulate
from tests import factories
from tests.guest_classes import HERE
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service


@pytest.fixture
def context(any_engine: Engine, tmp_path: Path) -> Context:
    """An installation with a runs folder of its own."""
    return factories.context_of(any_engine, runs=tmp_path / "runs")


def play(context: Context, policy: str, *seeds: int, **changes: object) -> dict[int, str]:
    """The runs of a policy by seed."""
    found = {}
    with LocalWorkforce(context.engine) as workforce:
        for seed in seeds:
            sizes = {"shoppers": 20, "days": 2, **changes}
            wanted = factories.resolved(context.engine, policy=policy, seed=seed, **sizes)
            found[seed] = simulate(context, wanted, workforce).run.id
    return found


def keep(context: Context, name: str, runs: dict[int, str]) -> None:
    """An experiment with the runs of one policy."""
    seeds = {str(seed): {"visual": run} for seed, run in runs.items()}
    content = {"experiment": name, "seeds": seeds}
    run_folder.write(context.settings.runs, name, {"run.json": content})


def test_a_policy_added_later_joins_without_replaying_the_others(context: Context) -> None:
    """Its own runs suffice; the board stays in its folder."""
    keep(context, "first", play(context, "visual", 1, 2))
    play(context, "random", 1, 2)
    before = leaderboard(context, "first", "ctr_expected")
    assert [row[1] for row in before.rows[1:]] == ["visual", "random"]
    play(context, f"mine={HERE}:Clicks", 1, 2)
    after = leaderboard(context, "first", "ctr_expected")
    assert sorted(row[1] for row in after.rows[1:]) == ["mine", "random", "visual"]
    assert after.path == before.path
    written = json.loads((after.path.parent / "leaderboard.json").read_text())
    assert written == after.document
    assert written["seeds"] == [1, 2]
    assert set(written["runs"]["mine"]) == {"1", "2"}
    assert len(written["differences"]) == 3
    assert "windowshop leaderboard first --measure ctr_expected" in after.path.read_text()


def test_only_those_of_the_same_shops_are_ranked(context: Context) -> None:
    """Other sizes are another contest; a seed that is missing leaves a policy out, by name."""
    keep(context, "first", play(context, "visual", 1, 2))
    play(context, "random", 1, 2)
    play(context, "popularity", 1)
    play(context, "logging", 1, 2, shoppers=15)
    contest = contest_of(context, "first")
    assert [one.name for one in contest.contestants] == ["visual", "random"]
    assert [one.name for one in contest.incomplete] == ["popularity"]


@pytest.mark.thorough
def test_two_of_one_name_are_told_apart(context: Context) -> None:
    """By what differs: here the options."""
    play(context, "random", 1)
    play(context, f"mine={HERE}:Looks?boost=1.0", 1)
    (run,) = play(context, f"mine={HERE}:Looks?boost=2.0", 1).values()
    names = [one.name for one in contest_of(context, run).contestants]
    assert names == ["random", "mine (boost=1.0)", "mine (boost=2.0)"]


def test_what_cannot_be_ranked_is_said(context: Context) -> None:
    """One policy alone, a measure without a better end, one that nobody knows."""
    (run,) = play(context, "visual", 1).values()
    with pytest.raises(UsageError, match="only one policy has played in the shops of"):
        leaderboard(context, run, "ctr")
    with pytest.raises(UsageError, match="nobody is first in it"):
        leaderboard(context, run, "novelty")
    with pytest.raises(NotFoundError, match="no measure 'crt'; did you mean 'ctr'"):
        leaderboard(context, run, "crt")
