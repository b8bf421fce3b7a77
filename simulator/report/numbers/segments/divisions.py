"""How the slates of a run are divided into segments: each division says of each slate in which it
lies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.report.numbers.panel import Ints, Panel
from simulator.report.text import labels

NONE = -1
"""A slate that lies in no segment."""
MOST_CATEGORIES = 12
"""Those with most items; a table of hundreds would say nothing."""
WARM = 20
"""Up to so many earlier searches a picture is warm, beyond it is hot."""


@dataclass(frozen=True)
class Division:
    """One way to divide slates."""

    name: str
    """In segments.json."""
    title: str
    segments: tuple[str, ...]
    """What each is called, in the order of the page."""
    of_slates: Callable[[Panel], Ints]
    """int64 [n_slates]: numbers into segments, NONE where a slate lies in none."""


def divisions(panel: Panel) -> list[Division]:
    """Those that runs of this shop have."""
    found = [
        Division("visit", "Visits", ("first visit", "later visits"), by_visit),
        Division(
            "price",
            "Shoppers by how much a price matters to them",
            ("little", "middling", "much"),
            by_price,
        ),
        Division(
            "query",
            "Searches by how often their picture had been searched with on earlier days",
            ("never (cold)", f"1 to {WARM} times (warm)", f"more than {WARM} times (hot)"),
            by_query,
        ),
    ]
    if panel.run.price_sensitivity is None:
        found = [one for one in found if one.name != "price"]
    if len(panel.run.class_names) > 1:
        found.append(_categories(panel))
    return found


def by_visit(panel: Panel) -> Ints:
    """0 in a shopper's first session, 1 in later ones."""
    _, first = np.unique(panel.sessions.shopper, return_index=True)  # sessions come day by day
    is_later = np.ones(len(panel.sessions.session), np.int64)
    is_later[first] = 0
    return is_later[panel.slates.row]


def by_price(panel: Panel) -> Ints:
    """Thirds of all shoppers by the judge's price sensitivity, those who never came included."""
    felt = panel.run.price_sensitivity
    if felt is None:
        return np.full(len(panel.slates.shopper), NONE, np.int64)
    ends = np.quantile(felt, [1 / 3, 2 / 3])
    return np.searchsorted(ends, felt, side="right")[panel.slates.shopper].astype(np.int64)


def by_query(panel: Panel) -> Ints:
    """Cold, warm, hot: how often the query was searched with on earlier days of the run, by
    anybody. Only query items have a temperature: what she opened lies in no segment.
    """
    slates = panel.slates
    days = int(slates.day.max(initial=0)) + 1
    n_pictures = len(panel.run.item_ids)
    asked = np.zeros((days + 1, n_pictures), np.int64)
    is_search = slates.query >= panel.run.n_items
    np.add.at(asked, (slates.day[is_search] + 1, slates.query[is_search]), 1)
    before = asked.cumsum(axis=0)[slates.day, np.maximum(slates.query, 0)]
    return np.where(is_search, (before > 0).astype(np.int64) + (before > WARM), NONE)


def _categories(panel: Panel) -> Division:
    """By the category of the query; the largest of many."""
    sizes = np.bincount(panel.run.categories, minlength=len(panel.run.class_names))
    largest = np.argsort(-sizes, kind="stable")[:MOST_CATEGORIES]
    kept: Sequence[int] = sorted(largest[sizes[largest] > 0].tolist())
    place = np.full(len(panel.run.class_names), NONE, np.int64)
    place[kept] = np.arange(len(kept))

    def by_category(one: Panel) -> Ints:
        """The place of the query's category among those kept."""
        query = one.slates.query
        found = place[one.run.categories[np.maximum(query, 0)].astype(np.int64)]
        return np.where(query >= 0, found, NONE)

    names = tuple(panel.run.class_names[number] for number in kept)
    title = "Searches by category"
    if panel.run.are_clusters:
        title = f"{title} ({labels.FROM_CLUSTERS})"
    return Division("category", title, names, by_category)
