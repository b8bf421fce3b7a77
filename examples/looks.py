"""Shows what looks like the query and like what was clicked: the smallest recommender there is.

windowshop experiment --policies visual,examples/looks.py:Looks
"""

from __future__ import annotations

import numpy as np

import windowshop as ws


class Looks:
    """Goes by the embedder's vectors alone."""

    def start(self, shop: ws.Shop) -> None:
        """Keep what is sold."""
        self.shop = shop

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """The items nearest to the mean of the session."""
        rows, items = requests.profile
        session = np.zeros((len(requests), self.shop.vectors.shape[1]))
        np.add.at(session, rows, self.shop.vectors[items])
        scores = session @ self.shop.vectors[: self.shop.n_items].T
        return ws.Slates.best(scores, requests.allowed, self.shop.k)

    def learn(self, day: ws.Day) -> None:
        """Looks do not change."""
