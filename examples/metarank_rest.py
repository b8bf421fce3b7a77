"""A recipe for Metarank by its REST interface, UNTRIED: tested against a stand-in, not Metarank.

Configure a recommendation model `similar` over the interaction `click`, start Metarank (port 8080):
windowshop experiment --policies visual,examples/metarank_rest.py:Metarank --workers 1
"""

from __future__ import annotations

from typing import Any

import httpx

import windowshop as ws

OPENED = 1767225600000  # milliseconds: 2026-01-01


class Metarank:
    """Item ids are our numbers. Every worker would teach it the same day: let there be one."""

    def __init__(self, address: str = "http://127.0.0.1:8080", model: str = "similar") -> None:
        self.api = httpx.Client(base_url=address, timeout=60)
        self.model = model

    def start(self, shop: ws.Shop) -> None:
        """Nothing was learned yet: it is not asked before the first night."""
        self.shop = shop
        self.has_learned = False

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """What goes with all that the session holds; what may not be shown is passed over."""
        rows, items = requests.profile
        answers = []
        for row, allowed in enumerate(requests.allowed):
            found = self._similar(items[rows == row].tolist()) if self.has_learned else []
            good = [one for one in found if one < self.shop.n_items and allowed[one]]
            answers.append((good + [-1] * self.shop.k)[: self.shop.k])
        return ws.Slates(answers)

    def learn(self, day: ws.Day) -> None:
        """The clicks of the day in their order; then the model is trained anew."""
        clicks = [one for one in day.events.to_pylist() if one["kind"] == "click"]
        self._post("/feedback", [self._click(one) for one in sorted(clicks, key=lambda c: c["at"])])
        self._post("/flush", None)
        self._post(f"/train/{self.model}", None)
        self.has_learned = True

    def _similar(self, items: list[int]) -> list[int]:
        asked = {"count": 60, "items": [str(item) for item in items]}
        return [int(one["item"]) for one in self._post(f"/recommend/{self.model}", asked)["items"]]

    def _click(self, one: dict[str, Any]) -> dict[str, Any]:
        about = {"event": "interaction", "type": "click", "item": str(one["item"])}
        who = {"user": str(one["shopper"]), "session": str(one["session"])}
        place = f"{one['session']}-{one['step']}-{one['item']}"
        return {**about, **who, "id": place, "timestamp": str(OPENED + round(1000 * one["at"]))}

    def _post(self, path: str, body: Any) -> Any:
        return self.api.post(path, json=body).raise_for_status().json()
