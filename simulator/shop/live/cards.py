"""A slate as people see it: each item with its price, the reason in words, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from db.items import Item
from simulator.shop.live.asking import Answer
from simulator.shop.live.live_run import LiveRun

Cosine = Callable[[int, int], float | None]

PARTS = ("looks", "others", "taste", "welcome")
"""What a reason can rest on, as `recommender.ranking.SLATE` names it."""

SAID = {
    "looks": "Looks like what you chose",
    "others": "Others clicked it here",
    "taste": "Fits your taste",
    "welcome": "New in the shop",
    "both": "Looks like it, and others clicked it",
    "lot": "A surprise, drawn by lot",
}
"""The strongest reason, in the words of the shop; pages translate them."""

ALIKE = 0.9
"""Cosine from which two pictures look alike."""

SILENT = 0.05
"""Log-odds below this are no reason."""


@dataclass(frozen=True)
class ShownItem:
    """One item of a slate. parts: share of each part in what speaks for it, those that say
    something, the strongest first.
    """

    item: Item
    number: int
    position: int
    price: int
    score: float
    parts: dict[str, float]
    why: str
    alike: float | None = None
    """Cosine of its picture with the query's; None where a picture has no embedding."""

    def to_json(self, price: float) -> dict[str, Any]:
        """As every command that recommends says it."""
        return {
            "item": self.item.item_id,
            "position": self.position,
            "score": self.score,
            "category": self.item.category,
            "price": price,
            "reason": SAID[self.why],
            "parts": self.parts,
            "alike": self.alike,
            "picture": f"/pictures/{self.item.image}",
        }


def cards(live: LiveRun, answer: Answer, cosine: Cosine | None = None) -> list[ShownItem]:
    """The items of a slate by position; places that stayed empty are left out."""
    found: list[ShownItem] = []
    for place, entry in enumerate(answer.entries):
        number = int(entry["item"])
        if number < 0:
            continue
        parts = shares(entry)
        alike = cosine(answer.query, number) if cosine else None
        found.append(
            ShownItem(
                live.items[number],
                number,
                place + 1,
                int(live.price[number]),
                round(float(entry["score"]), 6),
                parts,
                _why(parts, alike),
                alike,
            )
        )
    return found


def _why(parts: dict[str, float], alike: float | None) -> str:
    strongest = next(iter(parts), "lot")
    return "both" if strongest == "others" and (alike or 0.0) >= ALIKE else strongest


def shares(entry: Any) -> dict[str, float]:
    """What speaks for an item: shares that sum to 1, the greatest first; nothing, where it was
    lot.
    """
    if not math.isnan(float(entry["taste"])):
        found = {name: max(0.0, float(entry[name])) for name in PARTS}
        found = {name: size for name, size in found.items() if size >= SILENT}
    else:
        evidence = float(entry["evidence"])
        visual = not math.isnan(float(entry["visual"]))
        seen = not math.isnan(float(entry["behavioural"]))
        found = {"looks": 1.0 - evidence if visual else 0.0, "others": evidence if seen else 0.0}
        found = {name: size for name, size in found.items() if size > 0}
    total = sum(found.values())
    ordered = sorted(found, key=lambda name: -found[name])
    return {name: round(found[name] / total, 3) for name in ordered}
