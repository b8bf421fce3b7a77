"""Many visits at once: `gymnasium.make_vec("windowshop/Shop-v0", num_envs=1024)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from db.errors import UsageError
from simulator.environment.observed import (
    Observation,
    action_space,
    known_reward,
    observation_space,
    observed,
    one_by_one,
    rewarded,
)
from simulator.environment.opened import Setting, opened
from simulator.environment.places import Heard, Places
from simulator.world.draws import Bools, Ints

if TYPE_CHECKING:
    from workers.guests.protocol import Shop

Stepped = tuple[Observation, NDArray[np.float64], Bools, Bools, dict[str, Any]]


class ShopVectorEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]]):
    """Environments side by side in one world, played in batches: each serves one shopper.

    When she leaves, the next one comes: in the same step (autoreset_mode SAME_STEP, the default;
    what was last seen stands in `final_obs` and `final_info`), or in the next, which ignores the
    action (NEXT_STEP). All share one world of one seed, so no two serve the same shopper at once.

    reward, sizes: as for one environment. Raises UsageError for what cannot be played.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        reward: str = "click",
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        setting: Setting | None = None,
        **sizes: Any,
    ) -> None:
        self._reward = known_reward(reward)
        self._mode = _known_mode(autoreset_mode)
        self._setting = setting or opened(**sizes)
        if not 1 <= num_envs <= self._setting.shoppers:
            raise UsageError(
                f"num_envs must be from 1 to the number of shoppers, {self._setting.shoppers},"
                f" found {num_envs}; ask for more shoppers"
            )
        self.num_envs = num_envs
        self.metadata = {"render_modes": [], "autoreset_mode": self._mode}
        self.single_action_space = action_space(self._setting)
        self.single_observation_space = observation_space(self._setting)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._places: Places | None = None
        self._is_over = np.ones(num_envs, np.bool_)

    @property
    def shop(self) -> Shop:
        """What is sold and searched with, by the numbers that actions and observations use."""
        return self._setting.shop(self._opened().world)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """The next visit at every place; with a seed, one for all, the first of that world."""
        if isinstance(seed, list):
            raise UsageError("all environments share one world; give one seed, not a list")
        super().reset(seed=seed)
        del options
        if seed is not None:
            self._places = self._begun(seed)
        places = self._opened()
        places.cut_short(np.flatnonzero(~self._is_over))
        self._is_over[:] = False
        events = places.let_in(np.arange(self.num_envs))
        return observed(places), _infos(events, np.zeros(self.num_envs, np.int64))

    def step(self, actions: NDArray[np.int64]) -> Stepped:
        """Show each shopper a slate, int [num_envs, k]; bad positions are filled by lot."""
        places = self._opened()
        resting = np.flatnonzero(self._is_over)  # NEXT_STEP: these come now, and read nothing
        heard = places.read(np.asarray(actions).reshape(self.num_envs, self._setting.k))
        heard.events[resting] = places.let_in(resting)
        infos = _infos(heard.events, heard.filled)
        gone = np.flatnonzero(heard.is_over)
        if self._mode == AutoresetMode.SAME_STEP and len(gone):
            infos |= self._final(observed(places, gone), gone, heard)
            infos["events"][gone] = places.let_in(gone)
            infos["filled"] = np.where(heard.is_over, 0, heard.filled)
        else:
            self._is_over = heard.is_over.copy()
        never = np.zeros(self.num_envs, np.bool_)
        return observed(places), rewarded(self._reward, heard), heard.is_over, never, infos

    def _final(self, seen: Observation, gone: Ints, heard: Heard) -> dict[str, Any]:
        """What was seen last at the places (int64 [m]) whose shoppers have left."""
        left = heard.is_over
        last = np.full(self.num_envs, None, object)
        last[gone] = one_by_one(seen)
        events = heard.events.copy()
        events[~left] = None
        about = {**_infos(events, heard.filled), "_events": left, "_filled": left}
        return {
            "final_obs": last,
            "_final_obs": left,
            "final_info": about,
            "_final_info": left,
        }

    def _opened(self) -> Places:
        self._places = self._places or self._begun(self._setting.seed)
        return self._places

    def _begun(self, seed: int) -> Places:
        self._is_over[:] = True
        return Places(self._setting.world(seed), self.num_envs, self._setting.vectors)


def _infos(events: NDArray[Any], filled: NDArray[np.int64]) -> dict[str, Any]:
    """As Gymnasium wants them: a mask beside each array, of who has it."""
    everybody = np.ones(len(events), np.bool_)
    return {"events": events, "_events": everybody, "filled": filled, "_filled": everybody.copy()}


def _known_mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        known = AutoresetMode(mode)
    except ValueError:
        known = AutoresetMode.DISABLED
    if known == AutoresetMode.DISABLED:
        raise UsageError(f"autoreset_mode must be SameStep or NextStep, found {mode}")
    return known
