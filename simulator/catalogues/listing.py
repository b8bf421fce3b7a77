"""What catalogues there are, and what is in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db import items
from db.engine import read_transaction
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from simulator.installation.context import Context


def to_json(stored: Sequence[Item]) -> list[dict[str, Any]]:
    """The result that other programs rely on; price as in the CSV, null: the world draws one."""
    return [
        {
            "item": row.item_id,
            "category": row.category,
            "price": None if row.price is None else row.price / 100,
            "source": row.source,
            "split": row.split,
        }
        for row in stored
    ]


def every(context: Context) -> list[dict[str, Any]]:
    """The catalogues of this database by name, with their sizes."""
    with read_transaction(context.engine) as conn:
        sizes = items.sizes(conn)
    found: list[dict[str, Any]] = []
    for name in sorted({one.catalogue for one in sizes}):
        parts = [one for one in sizes if one.catalogue == name]
        found.append(
            {
                "catalogue": name,
                "items": sum(one.items for one in parts if one.split == CATALOGUE_SPLIT),
                "queries": sum(one.items for one in parts if one.split == QUERY_SPLIT),
                "categories": len({one.category for one in parts}),
                "source": ", ".join(sorted({one.source for one in parts})),
            }
        )
    return found


def by_category(stored: Sequence[Item]) -> list[dict[str, Any]]:
    """A catalogue's categories with their sizes and given prices, in alphabetical order."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for row in stored:
        groups.setdefault((row.category, row.source), []).append(row)
    return [_category(*key, groups[key]) for key in sorted(groups)]


def _category(category: str, source: str, rows: Sequence[Item]) -> dict[str, Any]:
    prices = [row.price / 100 for row in rows if row.price is not None]
    splits = [row.split for row in rows]
    return {
        "category": category,
        "items": splits.count(CATALOGUE_SPLIT),
        "queries": splits.count(QUERY_SPLIT),
        "prices": f"{min(prices):.2f} to {max(prices):.2f}" if prices else "drawn by the world",
        "source": source,
    }
