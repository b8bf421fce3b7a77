"""One visit at a time: `gymnasium.make("windowshop/Shop-v0")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from simulator.environment.observed import (
    Observation,
    action_space,
    known_reward,
    observation_space,
    observed,
    one_by_one,
    rewarded,
    told,
)
from simulator.environment.opened import Setting, opened
from simulator.environment.places import Places

if TYPE_CHECKING:
    from workers.guests.protocol import Shop

HERE = np.zeros(1, np.int64)


class ShopEnv(gymnasium.Env[Observation, NDArray[np.int64]]):
    """An episode is a visit; it ends when the shopper leaves, and `reset` sends the next one.

    reward: click, cart, purchase or revenue. sizes: of `opened`, items and shoppers for instance.
    Raises UsageError for what cannot be played.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(
        self,
        *,
        reward: str = "click",
        render_mode: str | None = None,
        setting: Setting | None = None,
        **sizes: Any,
    ) -> None:
        self._reward = known_reward(reward)
        self.render_mode = render_mode
        self._setting = setting or opened(**sizes)
        self.action_space = action_space(self._setting)
        self.observation_space = observation_space(self._setting)
        self._places: Places | None = None
        self._is_over = True

    @property
    def shop(self) -> Shop:
        """What is sold and searched with, by the numbers that actions and observations use."""
        return self._setting.shop(self._opened().world)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """The next visit; with a seed the first one of that seed's world."""
        super().reset(seed=seed)
        del options
        if seed is not None:
            self._places = self._begun(seed)
        places = self._opened()
        if not self._is_over:
            places.cut_short(HERE)
        self._is_over = False
        asked = places.let_in(HERE)
        return one_by_one(observed(places))[0], {"events": told(asked[0]), "filled": 0}

    def step(
        self, action: NDArray[np.int64]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Show a slate, int [k]; bad positions are filled by lot, and counted in `filled`."""
        if self._places is None or self._is_over:
            raise ResetNeeded("the visit is over; call reset()")
        heard = self._places.read(np.asarray(action).reshape(1, self._setting.k))
        self._is_over = bool(heard.is_over[0])
        info = {"events": told(heard.events[0]), "filled": int(heard.filled[0])}
        reward = float(rewarded(self._reward, heard)[0])
        return one_by_one(observed(self._places))[0], reward, self._is_over, False, info

    def _opened(self) -> Places:
        self._places = self._places or self._begun(self._setting.seed)
        return self._places

    def _begun(self, seed: int) -> Places:
        self._is_over = True
        return Places(self._setting.world(seed), 1, self._setting.vectors)
