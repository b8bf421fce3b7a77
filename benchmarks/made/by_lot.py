"""The slates of the policy `random`, answered as a recommender of somebody's own: benchmarks/guests
puts it behind each door.
"""

from __future__ import annotations

import numpy as np

import windowshop as ws
from recommender.policies import by_lot
from recommender.profile import Profiles


class ByLot:
    """Draws what `random` draws, by the same addresses."""

    def start(self, shop: ws.Shop) -> None:
        """Keep the seed."""
        self.shop = shop

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """The allowed items of the lowest draws; only session and step are looked at."""
        nothing = np.zeros((len(requests), 0))
        none = nothing.astype(np.int32)
        profiles = Profiles(
            requests.session, requests.step, requests.query, none, weights=nothing, shown=none
        )
        allowed = requests.allowed
        return ws.Slates(by_lot(profiles, allowed, k=self.shop.k, seed=self.shop.seed))

    def learn(self, day: ws.Day) -> None:
        """Lots do not change."""
