"""EASE of Cornac (Steck 2019), a linear model of items by items, learned anew every night.

pip install cornac
windowshop experiment --policies visual,blend,examples/cornac_ease.py:Ease
"""

from __future__ import annotations

import numpy as np
from cornac.data import Dataset
from cornac.models import EASE
from scipy import sparse

import windowshop as ws

ACTIONS = ("click", "cart", "purchase")


class Ease:
    """Behaviour alone; before anything was clicked it leaves its slates open."""

    def __init__(self, damping: float = 200.0) -> None:
        self.damping = damping

    def start(self, shop: ws.Shop) -> None:
        """Nothing was seen yet. Queries are columns, too: a search tells something."""
        self.shop = shop
        self.n_columns = shop.n_items + shop.queries.num_rows
        self.seen: set[tuple[int, int]] = set()
        self.weights = None

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """What the session holds, times the weight of each item for each other."""
        if self.weights is None:
            return ws.Slates(np.full((len(requests), self.shop.k), -1))
        rows, items = requests.profile
        shape = (len(requests), self.n_columns)
        held = sparse.csr_matrix((np.ones(len(rows)), (rows, items)), shape=shape)
        scores = (held @ self.weights)[:, : self.shop.n_items]
        scores[scores == 0] = np.nan  # nothing is known of these
        best = ws.Slates.best(scores, requests.allowed, self.shop.k)
        return ws.Slates(np.where(np.isfinite(best.scores), best.items, -1), best.scores)

    def learn(self, day: ws.Day) -> None:
        """Sessions are Cornac's users, and it calls items by its own numbers."""
        events = day.events.to_pandas()
        acted = events[events["kind"].isin(ACTIONS)][["session", "item"]]
        asked = events[events["kind"] == "search"][["session", "query"]]
        for pairs in (acted, asked):
            self.seen.update(map(tuple, pairs.to_numpy(np.int64).tolist()))
        if self.seen:
            data = Dataset.from_uir([(*pair, 1.0) for pair in sorted(self.seen)])
            model = EASE(lamb=self.damping, verbose=False).fit(data)
            known = np.asarray(data.item_ids)
            self.weights = np.zeros((self.n_columns, self.n_columns))
            self.weights[np.ix_(known, known)] = model.B
