"""Many environments at once say what Gymnasium's own wrapper of single ones would say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from db.errors import UsageError
from db.events import Kind
from simulator.environment.single import ShopEnv
from simulator.environment.vector import ShopVectorEnv
from tests.unit.simulator.environment import a_setting

N = 12
MODES = (AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP)


def envs(mode: AutoresetMode = AutoresetMode.SAME_STEP, **options: Any) -> ShopVectorEnv:
    """Twelve environments of the small setting."""
    return ShopVectorEnv(N, setting=a_setting(), autoreset_mode=mode, **options)


def slates(seen: Any) -> Any:
    """The items 0 to 9, 10 to 19 and so on, by step."""
    return np.arange(10) + 10 * seen["step"][:, None]


@pytest.mark.parametrize("mode", MODES)
def test_spaces_hold_what_comes(mode: AutoresetMode) -> None:
    """Each observation lies in the batched space, each of its rows in the single one."""
    vector = envs(mode)
    seen, _ = vector.reset(seed=1)
    for _ in range(6):
        assert vector.observation_space.contains(seen)
        seen, reward, over, cut, _ = vector.step(vector.action_space.sample())
        assert (reward.dtype, over.dtype, cut.dtype) == (np.float64, np.bool_, np.bool_)
        assert not cut.any()


@pytest.mark.parametrize("mode", MODES)
def test_one_at_a_time_and_as_a_batch_tell_the_same(mode: AutoresetMode) -> None:
    """A vector of one environment gives, step by step, what Gymnasium makes of a single one."""
    ours = ShopVectorEnv(1, setting=a_setting(), autoreset_mode=mode)
    theirs = SyncVectorEnv([lambda: ShopEnv(setting=a_setting())], autoreset_mode=mode)
    mine, _ = ours.reset(seed=4)
    wanted, _ = theirs.reset(seed=4)
    for _ in range(12):
        for name in wanted:
            assert (mine[name] == wanted[name]).all(), name
        slate = slates(mine)
        mine, reward, over, _, infos = ours.step(slate)
        wanted, their_reward, their_over, _, _ = theirs.step(slate)
        assert (reward == their_reward).all()
        assert (over == their_over).all()
        assert infos["_events"].all()


def test_final_things_stand_where_gymnasium_puts_them() -> None:
    """Who has left: the last observation, in the shape of one, and the last events, to LEAVE."""
    vector = envs()
    seen, _ = vector.reset(seed=1)
    for _ in range(3):
        seen, _, over, _, infos = vector.step(slates(seen))
    assert over.any()
    assert (infos["_final_obs"] == over).all()
    assert (infos["final_info"]["_events"] == over).all()
    for place in np.flatnonzero(over):
        assert vector.single_observation_space.contains(infos["final_obs"][place])
        assert infos["final_info"]["events"][place]["kind"][-1] == Kind.LEAVE
        assert infos["events"][place]["kind"].tolist() == [Kind.SEARCH]
        assert seen["step"][place] == 0


def test_in_next_step_mode_a_place_rests_for_one_step() -> None:
    """Its action is not shown to the next shopper, who comes then, and it earns nothing."""
    vector = envs(AutoresetMode.NEXT_STEP)
    seen, _ = vector.reset(seed=1)
    over = np.zeros(N, np.bool_)
    for _ in range(4):
        before = over
        seen, reward, over, _, infos = vector.step(slates(seen))
        for place in np.flatnonzero(before):
            assert infos["events"][place]["kind"].tolist() == [Kind.SEARCH]
            assert (reward[place], seen["step"][place], over[place]) == (0.0, 0, False)
    assert before.any()


def test_nobody_shops_at_two_places_at_once() -> None:
    """Each place has a shopper of its own, all from one world."""
    vector = envs()
    seen, _ = vector.reset(seed=1)
    for _ in range(30):
        assert len(set(seen["shopper"])) == N
        seen, *_ = vector.step(slates(seen))


def test_reset_in_mid_visit_begins_new_visits() -> None:
    """And with a seed, those of the beginning."""
    vector = envs()
    first, _ = vector.reset(seed=1)
    vector.step(slates(first))
    second, _ = vector.reset()
    assert (second["step"] == 0).all()
    third, _, over, _, infos = vector.step(slates(second))
    for place in np.flatnonzero(~over):  # nobody goes on with what was cut short
        assert (third["seen"][place] >= 0).sum() == 10
        assert set(infos["events"][place]["shopper"]) == {second["shopper"][place]}
        assert (infos["events"][place]["step"] <= 1).all()
        assert (infos["events"][place]["kind"] == Kind.IMPRESSION).sum() == 1
    again, _ = vector.reset(seed=1)
    assert all((again[name] == first[name]).all() for name in first)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"autoreset_mode": AutoresetMode.DISABLED}, "autoreset_mode must be"),
        ({"autoreset_mode": "never"}, "autoreset_mode must be"),
        ({"num_envs": 61}, "num_envs must be from 1 to .* 60, found 61"),
        ({"reward": "joy"}, "no reward 'joy'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options: dict[str, Any], words: str) -> None:
    """With what may be given instead."""
    with pytest.raises(UsageError, match=words):
        ShopVectorEnv(setting=a_setting(), **{"num_envs": 2, **options})


def test_a_list_of_seeds_is_refused() -> None:
    """One world has one seed."""
    with pytest.raises(UsageError, match="one seed"):
        envs().reset(seed=[1, 2])
