"""What a guest can reach: what a shop knows, and nothing of the judge."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.workers.guests.doors.test_process import requests, shop
from tests.unit.workers.guests.test_tables import ON_SALE
from workers.guests import tables
from workers.guests.protocol import Slates

KNOWN_TO_A_SHOP = {
    "Shop": {"items", "queries", "pictures", "vectors", "k", "seed", "n_items"},
    "Requests": {
        *("table", "on_sale", "earlier"),
        *("query", "session", "shopper", "step", "allowed", "profile"),
    },
    "Day": {"day", "slates", "events"},
}
COLUMNS = {
    *("number", "id", "category", "price"),
    *("session", "shopper", "step", "query", "history", "shown", "kind", "item", "position"),
    *("items", "at"),
}


def test_a_guest_reaches_nothing_of_the_judge() -> None:
    """Every public name of what it gets, every column and every field of a column."""
    from db.events import Events

    given = [shop(), requests(), tables.day(0, Events.empty(5))]
    for one in given:
        names = {name for name in dir(one) if not name.startswith("_")}
        assert names == KNOWN_TO_A_SHOP[type(one).__name__]
    for schema in (tables.REQUESTS, tables.SLATES, tables.EVENTS):
        assert set(schema.names) <= COLUMNS
    assert {field.name for field in tables.ACTION} <= COLUMNS


def test_a_query_has_no_category() -> None:
    """Only the label of what is sold is on the shelf."""
    assert set(shop().queries.column_names) == {"number", "id"}


def test_best_takes_the_highest_that_are_allowed() -> None:
    """Equals by the lower number; what is no number comes last; nothing where nothing is left."""
    scores = np.array([[1.0, 3.0, 3.0, np.nan, 2.0]])
    allowed = np.array([[True, True, True, True, False]])
    assert Slates.best(scores, allowed, 3).items.tolist() == [[1, 2, 0]]
    assert Slates.best(scores, allowed & False, 3).items.tolist() == [[-1, -1, -1]]


def test_on_sale_is_part_of_what_is_allowed() -> None:
    """An item that comes later cannot be shown before."""
    asked = requests(1)
    asked.on_sale[7] = False
    assert np.flatnonzero(~asked.allowed[0]).tolist() == [7]
    assert ON_SALE.all()


@pytest.mark.parametrize("name", ["Shop", "Requests", "Slates", "Day", "Recommender"])
def test_it_is_all_in_the_front_door(name: str) -> None:
    """`import windowshop` has what a class needs."""
    import windowshop

    assert getattr(windowshop, name).__doc__
    assert name in windowshop.__all__
