"""A plan by an experiment that was played: the pair, the sizes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.errors import NotFoundError, UsageError
from simulator.comparing import sentences
from simulator.comparing.plan import Planned, PlanWish, plan
from simulator.installation import run_folder
from simulator.installation.context import Context
from tests import factories
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

WISH = PlanWish(measure="ctr_expected", effect=30, power=0.8)


@pytest.fixture
def context(any_engine: Engine, tmp_path: Path) -> Context:
    """An installation with a runs folder of its own."""
    return factories.context_of(any_engine, runs=tmp_path / "runs")


def _pilot(context: Context, *policies: str, seeds: int = 3) -> str:
    """The name of an experiment, without its report."""
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


def test_a_plan_names_the_cheapest_size_that_finds_the_difference(context: Context) -> None:
    """Later minus earlier, references left out; the command it gives plays that size."""
    found = plan(context, _pilot(context, "random", "visual", "oracle"), WISH)
    assert (found.a, found.b) == ("visual", "random")
    told = found.to_json()
    assert {"seeds", "shoppers", "days", "power", "detectable"} <= set(told)
    assert told["power"] >= 0.8
    assert told["detectable"] <= 30
    whole = [one for one in found.sizes if one.days == 3]
    assert found.best == min(whole, key=lambda one: one.shopper_days)
    assert [one.shoppers for one in whole] == [30, 60, 120, 240]
    assert [(one.shoppers, one.days) for one in found.sizes[:2]] == [(60, 1), (60, 2)]
    command = found.command(context.settings)
    assert f"--seeds {found.best.seeds}" in command
    assert f"--shoppers {found.best.shoppers}" in command
    assert "--policies random,visual" in command
    assert "--seed 4" in command, "shops that the pilot has not seen"
    _speaks_of(found)


def _speaks_of(found: Planned) -> None:
    said = sentences.planned(found)
    assert said.startswith("visual minus random in ctr_expected")
    assert f"{found.best.seeds} seeds of {found.best.shoppers} shoppers" in said
    assert len(sentences.sizes(found)) == 7


def test_days_that_the_pilot_had_are_measured_and_more_are_refused(context: Context) -> None:
    """What a learner does later cannot be foretold; the line names the pilot that would do."""
    name = _pilot(context, "random", "visual")
    asked = {"measure": "ctr_expected", "effect": 30, "power": 0.8}
    shorter = plan(context, name, PlanWish(**asked, days=2))  # type: ignore[arg-type]
    whole = plan(context, name, WISH)
    assert {one.days for one in shorter.sizes} == {2}
    assert shorter.pilot == whole.measured[2]
    assert shorter.pilot.value != whole.pilot.value
    assert "--days 2" in shorter.command(context.settings)
    with pytest.raises(UsageError, match=r"at most the pilot's 3, found 9.*--days 9"):
        plan(context, name, PlanWish(**asked, days=9))  # type: ignore[arg-type]


def test_more_shoppers_are_planned_for_where_nobody_learns_alone(context: Context) -> None:
    """Measured: shops grow apart as a policy learns from more of them."""
    name = _pilot(context, "visual", "blend", seeds=2)
    more = PlanWish(measure="ctr_expected", effect=90, power=0.3, shoppers=61)
    with pytest.raises(UsageError, match=r"--shoppers must be at most the pilot's 60, found 61"):
        plan(context, name, more)
    nobody = plan(context, _pilot(context, "random", "visual"), more)
    assert {one.shoppers for one in nobody.sizes} == {61}


def test_what_no_plan_follows_from_is_said_so(context: Context) -> None:
    """One seed, one policy, a policy that was not played, a measure that there is not."""
    one = _pilot(context, "random", "visual", seeds=1)
    with pytest.raises(UsageError, match="at least 2 seeds"):
        plan(context, one, WISH)
    alone = _pilot(context, "visual", seeds=2)
    with pytest.raises(UsageError, match="has one policy"):
        plan(context, alone, WISH)
    with pytest.raises(UsageError, match="no runs of 'cf'; found runs of random, visual"):
        plan(context, one, WISH, ("cf", "visual"))
    with pytest.raises(NotFoundError, match="no measure 'ctx'"):
        plan(context, one, PlanWish(measure="ctx", effect=5, power=0.8))


@pytest.mark.parametrize(
    "wrong",
    [{"effect": 0.0}, {"power": 1.0}, {"power": 0.05}, {"shoppers": 0}, {"days": -1}],
    ids=str,
)
def test_a_wish_that_no_experiment_could_meet_is_refused(wrong: dict[str, float]) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match=f"--{next(iter(wrong))}"):
        PlanWish(**({"measure": "ctr", "effect": 5, "power": 0.8} | wrong))  # type: ignore[arg-type]


def test_an_effect_beyond_every_size_is_refused(context: Context) -> None:
    """Instead of a search without end."""
    name = _pilot(context, "random", "visual")
    with pytest.raises(UsageError, match="no number of seeds up to 10,000"):
        plan(context, name, PlanWish(measure="ctr", effect=1e-6, power=0.8))
