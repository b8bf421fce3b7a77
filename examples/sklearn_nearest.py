"""Nearest neighbours of scikit-learn on the embedder's vectors, one list a query.

pip install scikit-learn
windowshop experiment --policies visual,examples/sklearn_nearest.py:Nearest
"""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

import windowshop as ws


class Nearest:
    """What looks like the query; what the session did since does not count."""

    def __init__(self, deep: int = 60) -> None:
        self.deep = deep

    def start(self, shop: ws.Shop) -> None:
        """Index what is sold."""
        self.shop = shop
        deep = min(self.deep, shop.n_items)
        self.index = NearestNeighbors(n_neighbors=deep, metric="cosine", algorithm="brute")
        self.index.fit(shop.vectors[: shop.n_items])

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """The nearest that may be shown; places are left open where the list ends too soon."""
        distance, near = self.index.kneighbors(self.shop.vectors[requests.query])
        may = np.take_along_axis(requests.allowed, near, axis=1)
        order = np.argsort(~may, axis=1, kind="stable")[:, : self.shop.k]
        items = np.where(
            np.take_along_axis(may, order, axis=1), np.take_along_axis(near, order, axis=1), -1
        )
        return ws.Slates(items, 1.0 - np.take_along_axis(distance, order, axis=1))

    def learn(self, day: ws.Day) -> None:
        """Pictures do not change."""
