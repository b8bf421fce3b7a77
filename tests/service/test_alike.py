"""A log that we simulated cannot be told from the world it came from, and can from another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine

from benchmarks.realism import as_log
from simulator.playing.plan import Plan
from simulator.realism.realism import compared, played
from tests import factories

pytestmark = pytest.mark.service
PLAN = Plan("random", days=4, shoppers=200, items=100, queries=30, catalogue=factories.CATALOGUE)


def found_by(engine: Engine, seed: int, world: str) -> dict[str, object]:
    """Measures and area of a log of world mixed beside a world."""
    context = factories.context_of(engine)
    plan = replace(PLAN, seed=seed)
    real = as_log(context, factories.resolved(engine, plan))
    beside = factories.resolved(engine, replace(plan, seed=seed + 500, world=world))
    simulated, *others = played(context, beside, real.known)
    return compared(real, simulated, others, seed=seed)


@pytest.mark.thorough
def test_a_log_of_the_same_world_is_not_called_unlike(sqlite: Engine) -> None:
    """Of six logs: hardly a measure is marked, and the areas lie about one half."""
    factories.stock(sqlite)
    found = [found_by(sqlite, seed, "mixed") for seed in range(1, 7)]
    marked = [one["is_unlike"] for some in found for one in some["measures"].values()]
    assert len(marked) > 70
    assert np.mean(marked) < 0.05
    assert np.mean([some["auc"]["value"] for some in found]) == pytest.approx(0.5, abs=0.05)


@pytest.mark.thorough
def test_a_log_of_another_world_is_called_unlike(sqlite: Engine) -> None:
    """Shoppers who hardly ever leave and click more look at more."""
    factories.stock(sqlite)
    found = found_by(sqlite, 1, "mixed,click_base=-2.0,cart_base=-1.0")
    unlike = {name for name, one in found["measures"].items() if one["is_unlike"]}
    assert {"looks a visit", "clicks an item shown"} <= unlike
    assert found["auc"]["low"] > 0.6
