"""A run in memory is the stored run without its database: the same slates, clicks and measure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from db.errors import UsageError
from recommender.registry import POLICY_NAMES
from simulator.operations.verify import verify
from simulator.playing import in_memory
from simulator.playing.in_memory import MemoryRun, SharedWorld, gather, play_in_memory, share_world
from simulator.playing.plan import Plan
from simulator.playing.report import load
from simulator.report.numbers import formulas
from simulator.report.numbers.panel import lay_out
from tests import factories
from tests.tiers import first_of
from workers.local_workforce import LocalWorkforce


def toy_world(engine: Engine, **changes: Any) -> SharedWorld:
    """The shared world of the toy shop."""
    resolved = factories.resolved(engine, **changes)
    return share_world(resolved.config, *gather(factories.context_of(engine), resolved))


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_a_run_in_memory_shows_what_the_stored_run_showed(sqlite: Engine, policy: str) -> None:
    """Slate by slate, click by click; and its late rate is the report's, to the last digits."""
    run = factories.play(sqlite, LocalWorkforce(sqlite), policy=policy).run
    stored = load(factories.context_of(sqlite), run.id)
    seen: list[tuple[Any, Any, Any]] = []
    done = play_in_memory(
        toy_world(sqlite, policy=policy),
        policy,
        witness=lambda here, slates, clicked: seen.append((here.session, slates, clicked)),
    )
    panel = lay_out(stored)
    order = np.lexsort((panel.slates.step, panel.slates.row))
    session = panel.sessions.session[panel.slates.row][order]
    step = panel.slates.step[order]
    mine = np.concatenate([part[0] for part in seen])
    steps = np.concatenate([np.full(len(part[0]), number) for number, part in enumerate(seen)])
    sort = np.lexsort((steps, mine))
    assert np.array_equal(mine[sort], session)
    assert len(step) == len(mine)
    assert np.array_equal(
        np.concatenate([part[1] for part in seen])[sort], panel.slates.shown[order]
    )
    assert np.array_equal(
        np.concatenate([part[2] for part in seen])[sort], panel.slates.is_clicked[order]
    )
    late = formulas.ctr_late_expected(panel).value
    assert done.late_rate(factories.TOY_PLAN.days) == pytest.approx(late, rel=1e-12)


def test_policies_share_a_world_without_leaving_traces(sqlite: Engine) -> None:
    """Played after others, in pieces of another size, a policy gives the same numbers."""
    shared = toy_world(sqlite)
    first = play_in_memory(shared, "blend").expected
    play_in_memory(shared, "visual")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_memory, "PIECE", 7)
        assert play_in_memory(shared, "blend").expected == first


def test_a_setting_of_the_recommender_can_be_tried(sqlite: Engine) -> None:
    """Settings given beside the run's own change the slates."""
    shared = toy_world(sqlite)
    tried: MemoryRun = play_in_memory(shared, "blend-fixed", settings={"fixed_weight": 0.0})
    assert tried.expected != play_in_memory(shared, "blend-fixed").expected


def test_a_world_may_have_numbers_of_its_own(sqlite: Engine) -> None:
    """The hidden share decides what is clicked; the preset's hash does not stand for the changed
    world.
    """
    usual, changed = (
        factories.resolved(sqlite, world=name).config["world"]
        for name in ("mixed", "mixed,hidden_share=0.3")
    )
    assert changed["settings"]["hidden_share"] == 0.3
    assert changed["sha256"] != usual["sha256"]
    with pytest.raises(UsageError, match="no number 'hidden'"):
        Plan(world="mixed,hidden=0.3")
    with pytest.raises(UsageError, match=r"must lie in 0\.\.1"):
        Plan(world="mixed,hidden_share=3")
    with pytest.raises(UsageError, match=r"must be a number like 0\.5, found 'much'"):
        Plan(world="mixed,hidden_share=much")


@pytest.mark.parametrize("policy", first_of(["blend", *POLICY_NAMES]))
def test_a_day_on_which_nobody_comes_is_passed(sqlite: Engine, policy: str) -> None:
    """As the stored run passes it: the same slates before and after."""
    quiet = {"world": "mixed,visit_base=-3", "days": 8, "shoppers": 12}
    run = factories.play(sqlite, LocalWorkforce(sqlite), policy=policy, **quiet).run
    assert all(check.ok for check in verify(factories.context_of(sqlite), run.id))
    panel = lay_out(load(factories.context_of(sqlite), run.id))
    came = set(panel.slates.day.tolist())
    assert came
    assert any(day not in came for day in range(max(came))), "a day without a visit lies between"
    shown: list[Any] = []
    play_in_memory(
        toy_world(sqlite, policy=policy, **quiet),
        policy,
        witness=lambda here, slates, _: shown.extend(zip(here.session, slates, strict=True)),
    )
    mine = sorted((int(session), slate.tolist()) for session, slate in shown)
    session = panel.sessions.session[panel.slates.row]
    theirs = sorted(
        (int(one), slate.tolist()) for one, slate in zip(session, panel.slates.shown, strict=True)
    )
    assert mine == theirs
