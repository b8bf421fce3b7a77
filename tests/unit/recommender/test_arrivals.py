"""Items that come in mid-run are shown by nobody before their day, and by everybody who would from
it on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from db.errors import UsageError
from recommender.arrivals import Arrivals
from simulator.operations.verify import verify
from simulator.playing.in_memory import fair_share, play_in_memory
from simulator.playing.plan import Plan
from simulator.playing.report import load, report
from simulator.report.numbers import measures
from simulator.report.numbers.panel import lay_out
from tests import factories
from tests.unit.simulator.playing.test_in_memory import toy_world
from workers.local_workforce import LocalWorkforce

WORLD = "mixed,new_share=0.25,new_day=1"


def shown(engine: Engine, **changes: Any) -> tuple[dict[int, set[int]], set[int]]:
    """The items shown by day, and those that came in."""
    seen: dict[int, set[int]] = {}
    shop = toy_world(engine, world=WORLD, **changes)
    play_in_memory(
        shop,
        shop.config["policy"],
        witness=lambda here, slates, _: seen.setdefault(here.day, set()).update(
            slates.ravel().tolist()
        ),
    )
    return seen, set(shop.config["arrivals"]["items"])


@pytest.mark.parametrize(
    "policy",
    ["random", "visual", "cf", "blend", "itemknn-cfcbf", "oracle", "bayes", "bayes-history"],
)
def test_new_items_are_shown_from_their_day_on(sqlite: Engine, policy: str) -> None:
    """None on day 0, some on day 1, whoever ranks."""
    seen, new = shown(sqlite, policy=policy)
    assert len(new) == 30
    assert not seen[0] & new
    assert seen[1] & new


def test_a_stored_run_is_the_run_in_memory_and_can_be_verified(
    sqlite: Engine, tmp_path: Any
) -> None:
    """Workers offer the same items on the same day; the measure is the same by both roads, and
    reported.
    """
    context = factories.context_of(sqlite, runs=tmp_path)
    run = factories.play(sqlite, LocalWorkforce(sqlite), world=WORLD).run
    panel = lay_out(load(context, run.id))
    early = panel.slates.shown[panel.slates.day == 0]
    assert not np.isin(early, run.config["arrivals"]["items"]).any()
    told = measures.measure(panel)["new_item_exposure"]
    done = play_in_memory(toy_world(sqlite, world=WORLD), "blend")
    assert told.value == pytest.approx(fair_share(done, factories.N_ITEMS))
    assert all(check.ok for check in verify(context, run.id))
    page = report(context, run.id).path
    assert "New items" in page.read_text()
    assert (page.parent / "figures" / "arrivals.svg").exists()


def test_lot_gives_new_items_their_fair_share(sqlite: Engine) -> None:
    """Random shows them as often as they are many, within the luck of a small shop."""
    done = play_in_memory(toy_world(sqlite, world=WORLD, shoppers=300), "random")
    assert fair_share(done, factories.N_ITEMS) == pytest.approx(1.0, abs=0.1)


def test_without_arrivals_there_is_no_measure_of_them(sqlite: Engine) -> None:
    """No measure and no key in the config where nothing arrives."""
    config = factories.resolved(sqlite).config
    assert "arrivals" not in config
    assert Arrivals.of(config) is None


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ("mixed,new_share=0.1", "need both"),
        ("mixed,new_share=2,new_day=1", "between 0 and 1"),
        ("mixed,new_share=0.1,new_day=8", "after the last of 8 days"),
        ("mixed,new_share=0.1,new_day=soon", "need both"),
    ],
)
def test_arrivals_that_mean_nothing_are_refused(world: str, words: str) -> None:
    """UsageError that says what would do."""
    with pytest.raises(UsageError, match=words):
        Plan(world=world)
