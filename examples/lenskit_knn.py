"""Item-item nearest neighbours of LensKit (2026), learned anew every night.

pip install lenskit     # wants Python 3.12.5, and brings PyTorch
windowshop experiment --policies visual,blend,examples/lenskit_knn.py:ItemKnn
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from lenskit.data import ItemList, from_interactions_df
from lenskit.knn import ItemKNNScorer

import windowshop as ws

ACTIONS = ("click", "cart", "purchase")


class ItemKnn:
    """Behaviour alone; before anything was clicked it leaves its slates open."""

    def __init__(self, neighbours: int = 20) -> None:
        self.neighbours = neighbours

    def start(self, shop: ws.Shop) -> None:
        """Nothing was seen yet."""
        self.shop = shop
        self.seen = pd.DataFrame({"user_id": [], "item_id": []}, dtype=np.int64)
        self.model = None

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """A session is asked for as the history of a user nobody knows."""
        scores = np.full((len(requests), self.shop.n_items), np.nan)
        rows, items = requests.profile
        if self.model is not None:
            sold = self.known[self.known < self.shop.n_items]
            for row in range(len(requests)):  # LensKit 2026.4 does not bear items it never saw
                held = np.intersect1d(items[rows == row], self.known)
                found = self.model(ItemList(item_ids=held), ItemList(item_ids=sold))
                scores[row, sold] = found.scores()
        best = ws.Slates.best(scores, requests.allowed, self.shop.k)
        return ws.Slates(np.where(np.isfinite(best.scores), best.items, -1), best.scores)

    def learn(self, day: ws.Day) -> None:
        """Sessions are LensKit's users; what they searched with is an item like others."""
        events = day.events.to_pandas()
        acted = events[events["kind"].isin(ACTIONS)][["session", "item"]]
        asked = events[events["kind"] == "search"][["session", "query"]]
        pairs = [part.set_axis(self.seen.columns, axis=1) for part in (acted, asked)]
        self.seen = pd.concat([self.seen, *pairs]).astype(np.int64).drop_duplicates()
        if len(self.seen):
            self.model = ItemKNNScorer(max_nbrs=self.neighbours, feedback="implicit")
            self.model.train(from_interactions_df(self.seen))
            self.known = np.unique(self.seen["item_id"])
