"""Two policies in one run: who shows what to whom, and who learns."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from db.errors import UsageError
from simulator.comparing.mixed_run import MixedRun, arms, checked, learner, play_mixed
from simulator.playing.in_memory import SharedWorld, gather, play_in_memory, share_world
from simulator.playing.record import Record
from tests import factories


@pytest.fixture
def shop(sqlite: Engine) -> SharedWorld:
    """The toy shop."""
    resolved = factories.resolved(sqlite)
    return share_world(resolved.config, *gather(factories.context_of(sqlite), resolved))


def _played(
    shop: SharedWorld, a: str, b: str, *, is_split: bool = False
) -> tuple[MixedRun, Record]:
    record = Record(shop.world.slate_size)
    return play_mixed(shop, (a, b), is_split=is_split, record=record), record


def _alone(shop: SharedWorld, policy: str) -> Record:
    record = Record(shop.world.slate_size)
    play_in_memory(shop, policy, record=record)
    return record


@pytest.mark.parametrize("is_split", [False, True])
@pytest.mark.parametrize("policy", ["visual", "blend", "oracle"])
def test_a_policy_mixed_with_itself_is_the_policy(
    shop: SharedWorld, policy: str, is_split: bool
) -> None:
    """Slate by slate and event by event."""
    _, mixed = _played(shop, policy, policy, is_split=is_split)
    alone = _alone(shop, policy)
    assert mixed.slates.entries.tobytes() == alone.slates.entries.tobytes(), "every part alike"
    assert np.array_equal(mixed.events.rows, alone.events.rows)


def test_each_half_of_the_shoppers_meets_its_policy(shop: SharedWorld) -> None:
    """On the first day, when nobody has learned, each sees what the policy shows alone."""
    _, mixed = _played(shop, "visual", "random", is_split=True)
    n = shop.world.n_shoppers
    arm = arms(shop.config["seed"], n)
    assert arm.sum() == n // 2
    for number, policy in enumerate(("visual", "random")):
        alone = _alone(shop, policy).slates
        first = (mixed.slates.session < n) & (mixed.slates.step == 0)
        mine = first & (arm[mixed.slates.session % n] == number)
        theirs = np.isin(alone.session, mixed.slates.session[mine]) & (alone.step == 0)
        assert mine.sum() > 5
        assert np.array_equal(mixed.slates.entries[mine]["item"], alone.entries[theirs]["item"])


def test_every_item_is_from_the_list_of_its_team(shop: SharedWorld) -> None:
    """With the parts of its score there; both teams have half of the places."""
    run, mixed = _played(shop, "visual", "random")
    sessions, step, credit = run.credit[0]
    alone = _alone(shop, "visual").slates
    at_first = (alone.session < shop.world.n_shoppers) & (alone.step == step)
    theirs = alone.entries[at_first]
    ours = mixed.slates.entries[np.isin(mixed.slates.session, sessions) & (mixed.slates.step == 0)]
    for row in range(len(sessions)):
        mine = {one.tobytes() for one in ours[row][credit[row] == 1]}
        assert mine <= {one.tobytes() for one in theirs[row]}
    assert (credit.sum(1) == 0).all(), "as many places each, those by lot left out"
    assert (credit != 0).any(1).all()


def test_one_learner_learns_for_both(shop: SharedWorld) -> None:
    """The one that learns more; the order of the pair does not matter."""
    assert learner(("visual", "blend")) == learner(("blend", "visual")) == "blend"
    run, _ = _played(shop, "visual", "blend")
    assert run.recommender.generation == shop.config["days"] - 1
    assert len(run.recommender.knowledge.history) > 0


def test_what_cannot_be_mixed_is_refused() -> None:
    """A recommender of one's own, and two references."""
    with pytest.raises(UsageError, match="none of our policies"):
        checked(("mine.py:Mine", "visual"))
    with pytest.raises(UsageError, match="both references"):
        checked(("oracle", "bayes"))
