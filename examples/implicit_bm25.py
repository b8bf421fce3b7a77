"""Item-item BM25 of `implicit`, learned anew every night from what sessions acted on.

pip install implicit
windowshop experiment --policies visual,blend,examples/implicit_bm25.py:Bm25
"""

from __future__ import annotations

import numpy as np
from implicit.nearest_neighbours import BM25Recommender
from scipy import sparse

import windowshop as ws

ACTIONS = ("click", "cart", "purchase")


class Bm25:
    """Behaviour alone; before anything was clicked it leaves its slates open."""

    def __init__(self, neighbours: int = 100) -> None:
        self.neighbours = neighbours

    def start(self, shop: ws.Shop) -> None:
        """Nothing was seen yet. Queries are columns, too: a search tells something."""
        self.shop = shop
        self.n_columns = shop.n_items + shop.queries.num_rows
        self.rows = np.zeros(0, np.int64)
        self.columns = np.zeros(0, np.int64)
        self.similarity = None

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """The items most similar to what the session holds."""
        if self.similarity is None:
            return ws.Slates(np.full((len(requests), self.shop.k), -1))
        rows, items = requests.profile
        shape = (len(requests), self.n_columns)
        held = sparse.csr_matrix((np.ones(len(rows)), (rows, items)), shape=shape)
        scores = (held @ self.similarity).toarray()[:, : self.shop.n_items]
        scores[scores == 0] = np.nan  # nothing is known of these
        best = ws.Slates.best(scores, requests.allowed, self.shop.k)
        return ws.Slates(np.where(np.isfinite(best.scores), best.items, -1), best.scores)

    def learn(self, day: ws.Day) -> None:
        """Sessions by items, and the similarities again."""
        events = day.events.to_pandas()
        acted = events[events["kind"].isin(ACTIONS)]
        asked = events[events["kind"] == "search"]
        self.rows = np.concatenate([self.rows, acted["session"], asked["session"]])
        self.columns = np.concatenate([self.columns, acted["item"], asked["query"]]).astype(int)
        sessions, rows = np.unique(self.rows, return_inverse=True)
        shape = (len(sessions), self.n_columns)
        held = sparse.csr_matrix((np.ones(len(rows)), (rows, self.columns)), shape=shape)
        model = BM25Recommender(K=self.neighbours, num_threads=1)
        model.fit(held, show_progress=False)
        self.similarity = model.similarity
