"""What the shop hands to a guest: nothing that it could spoil for ours, nothing of the judge."""

from __future__ import annotations

import gc
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from db.events import Events
from db.items import Item
from tests.unit.workers.guests.doors.test_process import requests
from workers.guests import tables
from workers.guests.host import shop_of
from workers.guests.protocol import Day, Requests, Shop

PLAIN = {
    *(Shop, Requests, Day),
    *(pa.Table, np.ndarray, dict, list, tuple, int, float, str, bytes, bool, type(None)),
}
"""All that may be met on the way from what a guest gets."""


def shop(vectors: Any) -> Shop:
    """Two items and a query."""
    items = [
        Item(n, f"i{n}", "", "mug", split, "csv")
        for n, split in enumerate(["catalogue", "catalogue", "query"])
    ]
    pictures = np.zeros((3, 28, 28), np.uint8)
    return shop_of(
        items, prices=np.array([100, 200]), pictures=pictures, vectors=vectors, k=2, seed=1
    )


@pytest.mark.parametrize("name", ["pictures", "vectors"])
def test_what_ours_score_with_cannot_be_written(name: str) -> None:
    """One that normalises in place is told, instead of moving all other policies."""
    vectors = np.eye(3, 4, dtype=np.float32)
    with pytest.raises(ValueError, match="read-only"):
        getattr(shop(vectors), name)[:] = 1
    assert vectors.flags.writeable


def test_whoever_walks_on_meets_tables_and_arrays_alone() -> None:
    """Each object that can be reached, private or not: no world, no shopper, no recommender."""
    given = [shop(np.eye(3, 4, dtype=np.float32)), requests(), tables.day(0, Events.empty(5))]
    assert {type(one) for one in reached(given)} <= PLAIN


def reached(roots: list[Any]) -> list[Any]:
    """All objects behind some, but for code."""
    found: dict[int, Any] = {}
    left = list(roots)
    while left:
        one = left.pop()
        code = (type, ModuleType, FunctionType, BuiltinFunctionType)
        if id(one) in found or isinstance(one, code):
            continue
        found[id(one)] = one
        left += gc.get_referents(one)
        left += list(getattr(one, "__dict__", {}).values())
        left += [one.base] if isinstance(one, np.ndarray) else []
    return list(found.values())
