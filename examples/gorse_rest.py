"""A recipe for gorse by its REST interface, UNTRIED: tested against a stand-in, not against gorse.

Start gorse (port 8087). It learns at times of its own, so a run played again may differ.
windowshop experiment --policies visual,examples/gorse_rest.py:Gorse
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

import windowshop as ws

ACTIONS = ("click", "cart", "purchase")  # feedback types of gorse's configuration
OPENED = datetime(2026, 1, 1, tzinfo=UTC)


class Gorse:
    """Item ids are our numbers; the pictures that are searched with are hidden items."""

    def __init__(self, address: str = "http://127.0.0.1:8087", key: str = "") -> None:
        self.api = httpx.Client(base_url=address, headers={"X-API-Key": key}, timeout=20)

    def start(self, shop: ws.Shop) -> None:
        """Every item is made known."""
        self.shop = shop
        sold = [self._item(one["number"], one["category"]) for one in shop.items.to_pylist()]
        asked = [self._item(one["number"], "") for one in shop.queries.to_pylist()]
        self.api.post("/api/items", json=[*sold, *asked]).raise_for_status()

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """A session is told as feedback; what may not be shown is passed over."""
        rows, items = requests.profile
        answers = []
        for row, allowed in enumerate(requests.allowed):
            told = [self._feedback("click", 0, item, 0.0) for item in items[rows == row]]
            found = self.api.post("/api/session/recommend", params={"n": 60}, json=told)
            numbers = [int(one["Id"]) for one in found.raise_for_status().json() or []]
            good = [one for one in numbers if one < self.shop.n_items and allowed[one]]
            answers.append((good + [-1] * self.shop.k)[: self.shop.k])
        return ws.Slates(answers)

    def learn(self, day: ws.Day) -> None:
        """What was done that day; sent twice, it counts once."""
        events = day.events.filter([kind in ACTIONS for kind in day.events["kind"].to_pylist()])
        of = ("kind", "shopper", "item", "at")
        told = [self._feedback(*(one[name] for name in of)) for one in events.to_pylist()]
        self.api.post("/api/feedback", json=told).raise_for_status()

    def _item(self, number: int, category: str) -> dict[str, Any]:
        about = {"ItemId": str(number), "Timestamp": OPENED.isoformat(), "IsHidden": not category}
        return {**about, "Categories": [category] if category else []}

    def _feedback(self, kind: str, shopper: int, item: int, at: float) -> dict[str, Any]:
        when = (OPENED + timedelta(seconds=at)).isoformat()
        about = {"FeedbackType": kind, "UserId": str(shopper), "Timestamp": when}
        return {**about, "ItemId": str(item)}
