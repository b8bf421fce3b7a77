"""Looks at an experiment that was played: by day, by seed, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.errors import NotFoundError, UsageError
from simulator.comparing import sentences
from simulator.comparing.peek import DAYS, SEEDS, peek
from simulator.comparing.pilot import first_days
from simulator.installation import run_folder
from simulator.installation.context import Context
from simulator.playing.report import load
from tests import factories
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service


@pytest.fixture
def context(any_engine: Engine, tmp_path: Path) -> Context:
    """An installation with a runs folder of its own."""
    return factories.context_of(any_engine, runs=tmp_path / "runs")


def _experiment(context: Context, *policies: str, seeds: int) -> str:
    played: dict[str, dict[str, str]] = {}
    with LocalWorkforce(context.engine) as workforce:
        for seed in range(1, seeds + 1):
            for policy in policies:
                done = factories.play(context.engine, workforce, policy=policy, seed=seed)
                played.setdefault(str(seed), {})[policy] = done.run.id
    name = "-".join([*policies, str(seeds)])
    content = {"run.json": {"experiment": name, "seeds": played}}
    run_folder.write(context.settings.runs, name, content)
    return name


def test_one_seed_is_looked_at_day_by_day(context: Context) -> None:
    """The last look has the value of the whole run; a planned end is narrower there than none."""
    name = _experiment(context, "random", "visual", seeds=1)
    open_ended = peek(context, name, "ctr_expected")
    last = open_ended.looks[-1]
    planned = peek(context, name, "ctr_expected", until=last.at)
    assert (planned.a, planned.b, planned.looks_at) == ("visual", "random", DAYS)
    end = planned.looks[-1]
    assert end.value == last.value
    assert end.high - end.low < last.high - last.low
    told = planned.to_json()
    assert told["until"] == last.at
    assert told["clear_at"] == (planned.clear.at if planned.clear else None)
    assert [one["at"] for one in told["looks"]] == [one.at for one in planned.looks]
    assert len(sentences.looks(planned)) == len(planned.looks) + 1
    assert f"on the way to {last.at}" in sentences.peeked(planned)


def test_the_first_days_alone_are_what_had_happened_then(context: Context) -> None:
    """All days are the whole run, and no session of a later day is among the first."""
    with LocalWorkforce(context.engine) as workforce:
        run = load(context, factories.play(context.engine, workforce, policy="random").run.id)
    first = first_days(run, 1)
    assert (first.events.rows["session"] < run.n_shoppers).all()
    assert 0 < len(first.events) < len(run.events)
    assert len(first_days(run, run.days).events) == len(run.events)


def test_several_seeds_are_looked_at_one_after_the_other(context: Context) -> None:
    """Too few seeds have values and null for the ends, and nothing is clear."""
    found = peek(context, _experiment(context, "random", "visual", seeds=3), "ctr")
    assert found.looks_at == SEEDS
    assert [one.at for one in found.looks] == [2, 3]
    assert found.to_json()["looks"][0]["low"] is None
    assert found.clear is None
    assert "not clear after 3 seeds" in sentences.peeked(found)


def test_looks_that_cannot_tell_anything_are_refused(context: Context) -> None:
    """One policy, late measures day by day, one run of cf, no look at all, unknown names."""
    one = _experiment(context, "cf", "visual", seeds=1)
    with pytest.raises(UsageError, match="one run of cf tells nothing of ctr"):
        peek(context, one, "ctr")
    with pytest.raises(UsageError, match="over the last days only"):
        peek(context, one, "ctr_late")
    with pytest.raises(UsageError, match="--until must be at least 1, found 0"):
        peek(context, one, "ctr", until=0)
    with pytest.raises(UsageError, match="no runs of 'blend'; found runs of cf, visual"):
        peek(context, one, "ctr", pair=("blend", "visual"))
    with pytest.raises(NotFoundError, match="no measure 'ctx'"):
        peek(context, one, "ctx")
    with pytest.raises(UsageError, match="has one policy"):
        peek(context, _experiment(context, "random", seeds=1), "ctr")
