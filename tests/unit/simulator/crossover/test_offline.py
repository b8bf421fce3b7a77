"""The shared log: one fixed policy makes it, all policies rank its requests, nobody sees what came
after.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from db.errors import UsageError
from simulator.crossover.grid import CrossoverPlan
from simulator.crossover.offline import LEARNER, LOGGING, assess
from simulator.playing.in_memory import MemoryRun, play_in_memory
from simulator.playing.plan import Plan
from simulator.playing.play import play
from tests.unit.simulator.playing.test_in_memory import toy_world

POLICIES = ("random", "visual", "blend")


def numbers(found: dict[str, Any], metric: str = "ndcg@10") -> dict[str, float]:
    """One measure by policy."""
    return {policy: measures[metric]["value"] for policy, measures in found["policies"].items()}


def test_every_request_of_the_log_is_ranked_by_every_policy(sqlite: Engine) -> None:
    """As many requests as the logging run had; by looks and behaviour is better than by lot."""
    shared = toy_world(sqlite, policy="logging")
    logged = play_in_memory(shared, "logging")
    found = assess(shared, POLICIES)
    assert found["requests"] == sum(shown for _, _, shown in logged.expected) // 10
    assert found["policies"]["blend"]["ndcg@10"]["n"] == found["requests"]
    assert set(found["policies"]) == set(POLICIES)
    assert numbers(found)["visual"] > numbers(found)["random"]


def test_who_else_is_measured_changes_nothing(sqlite: Engine) -> None:
    """A policy's numbers are the same alone and in company: the log is shared, and fixed."""
    shared = toy_world(sqlite)
    together = assess(shared, POLICIES)
    alone = assess(shared, ("visual",))
    assert together["policies"]["visual"] == alone["policies"]["visual"]
    assert together == assess(shared, POLICIES)


def test_the_log_is_that_of_a_logging_run_and_teaches_all_that_blend_knows(sqlite: Engine) -> None:
    """The slates are those of a plain logging run; what is folded from them holds what only blend
    reads.
    """
    shared = toy_world(sqlite, policy="logging")
    seen = dict[str, list[bytes]]()
    play_in_memory(
        shared,
        "logging",
        witness=lambda _here, slates, _: seen.setdefault("run", []).append(slates.tobytes()),
    )
    desk = MemoryRun(shared.recommender(LEARNER), shown_policy=LOGGING)
    play(
        shared.world,
        desk,
        days=shared.config["days"],
        policy=LOGGING,
        seed=shared.config["seed"],
        after_day=lambda _day: None,
        witness=lambda _here, slates, _: seen.setdefault("log", []).append(slates.tobytes()),
    )
    assert seen["log"] == seen["run"]
    assert desk.recommender.knowledge.taste is not None


def test_a_share_of_the_requests_is_drawn_by_address(sqlite: Engine) -> None:
    """Half the requests, always the same ones."""
    shared = toy_world(sqlite)
    whole = assess(shared, ("visual",))
    half = assess(shared, ("visual",), share=0.5)
    assert 0.35 < half["requests"] / whole["requests"] < 0.65
    assert half == assess(shared, ("visual",), share=0.5)


def test_the_first_day_is_cold(sqlite: Engine) -> None:
    """After one day nothing but cold strata is filled, and blend ranks as visual does."""
    found = assess(toy_world(sqlite, days=1), ("visual", "blend"))
    assert numbers(found)["visual"] == numbers(found)["blend"]
    assert found["strata"]["profile"]["warm"]["visual"]["ndcg@10"]["value"] is None
    assert found["strata"]["profile"]["cold"]["visual"]["ndcg@10"]["n"] == found["requests"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"policies": ("best",)}, "no policy 'best'"),
        ({"few": ("visual", "best")}, "no policy 'best'"),
        ({"compared": ("oracle",)}, "'oracle' cannot rank a log"),
        ({"shares": (0.1, 2.0)}, "hidden_share must lie in"),
        ({"share": 1.5}, "from 0 to 1"),
        ({"shares": ()}, "wanted hidden shares"),
    ],
)
def test_a_grid_that_cannot_be_played_is_refused(change: dict[str, Any], words: str) -> None:
    """UsageError before anything is played."""
    asked: dict[str, Any] = {"plan": Plan(), "shares": (0.5,), "policies": ("visual",)}
    with pytest.raises(UsageError, match=words):
        CrossoverPlan(**{**asked, **change})


def test_a_share_that_a_preset_has_keeps_the_preset() -> None:
    """At 0.5 the world is mixed itself, hash and all; elsewhere it is a changed one."""
    worlds = {
        share: plan.world
        for share, plan, _ in CrossoverPlan(Plan(), (0.3, 0.5), ("visual",), seeds=1).columns()
    }
    assert worlds == {0.3: "mixed,hidden_share=0.3", 0.5: "mixed"}
