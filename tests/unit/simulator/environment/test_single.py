"""The environment is what Gymnasium says an environment is, and gives away nothing of the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from db.errors import UsageError
from db.events import FIELDS_OF
from simulator.environment.single import ShopEnv
from tests.unit.simulator.environment import a_setting

REWARDS = ("click", "cart", "purchase", "revenue")


def an_env(**options: Any) -> ShopEnv:
    """The environment of the small setting."""
    return ShopEnv(setting=a_setting(), **options)


def visit(env: ShopEnv, seed: int | None = None) -> tuple[list[dict[str, Any]], float]:
    """A visit with the items 0 to 9, 10 to 19 and so on: all its events, and its reward."""
    seen, info = env.reset(seed=seed)
    events, total, is_over = list(info["events"]), 0.0, False
    while not is_over:
        slate = np.arange(10) + 10 * int(seen["step"])
        seen, reward, is_over, _, info = env.step(slate)
        events += info["events"]
        total += float(reward)
    return events, total


def test_gymnasiums_own_check_finds_nothing() -> None:
    """Spaces, seeds, dtypes, what reset and step give; warnings are errors here."""
    check_env(an_env(), skip_render_check=True)


@pytest.mark.parametrize("reward", REWARDS)
def test_the_reward_is_what_the_events_say(reward: str) -> None:
    """Clicks, carts or purchases of the visit, or what was paid."""
    env = an_env(reward=reward)
    totals = 0.0
    for number in range(20):
        events, total = visit(env, 7 if number == 0 else None)
        kind = "purchase" if reward == "revenue" else reward
        such = [event for event in events if event["kind"] == kind]
        wanted = sum(event["price"] for event in such) if reward == "revenue" else len(such)
        assert total == pytest.approx(wanted)
        totals += total
    assert totals > 0


def test_a_seed_says_which_visits_come() -> None:
    """The same seed draws the same events, another seed others, and without one the next comes."""
    env = an_env()
    first = visit(env, 5)[0]
    second = visit(env)[0]
    assert visit(env, 5)[0] == first
    assert visit(env)[0] == second
    assert visit(env, 6)[0] != first
    assert second[0]["session"] != first[0]["session"]


def test_info_holds_events_and_no_more() -> None:
    """What happened, in the columns of an event; no taste, chance or utility is among them."""
    env = an_env()
    _, info = env.reset(seed=1)
    assert set(info) == {"events", "filled"}
    _, _, _, _, info = env.step(np.arange(10))
    assert set(info) == {"events", "filled"}
    names = {name.name.lower(): set(fields) for name, fields in FIELDS_OF.items()}
    assert info["events"][0]["kind"] == "impression"
    assert all(set(event) == names[event["kind"]] for event in info["events"])


def test_an_observation_is_what_a_recommender_sees() -> None:
    """Its names are those of a request; the shop's pictures and vectors are the run's."""
    env = an_env()
    seen, _ = env.reset(seed=1)
    assert set(seen) == {"query", "shopper", "step", "picture", "profile", "seen", "acted"}
    assert env.shop.n_items == env.action_space.nvec[0]
    assert (env.shop.vectors[seen["query"]] == seen["picture"]).all()


def test_a_step_without_a_visit_is_refused() -> None:
    """Before the first reset, and after a shopper has left."""
    env = an_env()
    with pytest.raises(ResetNeeded, match="reset"):
        env.step(np.arange(10))
    visit(env, 1)
    with pytest.raises(ResetNeeded, match="reset"):
        env.step(np.arange(10))


def test_an_unknown_reward_is_named_with_those_there_are() -> None:
    """In one line."""
    with pytest.raises(UsageError, match=r"no reward 'clik'.*click, cart, purchase, revenue"):
        an_env(reward="clik")
