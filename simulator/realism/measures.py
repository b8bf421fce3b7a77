"""What is compared: one entry a measure, each a sample whose values belong to shoppers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from db.events import Kind
from simulator.realism.observed import (
    DAY_S,
    LOOK,
    PLACED,
    PRICED,
    SORTED,
    TIMED,
    Floats,
    Ints,
    Observed,
)

How = Literal["wasserstein", "gini", "zipf", "kl"]
"""How two samples are compared. gini, zipf: values are items, and compared is how unequal they are;
kl: values are categories or places.
"""


@dataclass(frozen=True)
class ShopperSample:
    """values float64 [n], shopper int64 [n]: whose each is.

    hits float64 [n]: of places, the clicks there; the share of a place is then that of its clicks,
    were all places shown as often.
    """

    values: Floats
    shopper: Ints
    hits: Floats | None = None


@dataclass(frozen=True)
class RealismMeasure:
    """needs: kinds that a log must record for it."""

    unit: str
    needs: frozenset[int]
    sample: Callable[[Observed], ShopperSample]
    how: How = "wasserstein"


def by_visit(seen: Observed, values: NDArray[Any]) -> ShopperSample:
    """One value a visit."""
    return ShopperSample(values.astype(np.float64), seen.shopper)


def _share(kind: Kind) -> Callable[[Observed], ShopperSample]:
    return lambda seen: by_visit(seen, seen.counts(kind) > 0)


def _order_sizes(seen: Observed) -> ShopperSample:
    """Items bought in each visit that bought."""
    bought = seen.counts(Kind.PURCHASE)
    is_order = bought > 0
    return ShopperSample(bought[is_order].astype(np.float64), seen.shopper[is_order])


def duration(seen: Observed) -> Floats:
    """Seconds from the first event of each visit to its last, float64 [n_visits]."""
    first = seen.first()
    end: Floats = seen.time[np.append(first[1:], len(seen.visit)) - 1]
    return end - seen.time[first]


def _between(seen: Observed) -> ShopperSample:
    """Minutes from one event to the next of a visit."""
    is_same = np.diff(seen.visit) == 0
    return ShopperSample(np.diff(seen.time)[is_same] / 60, seen.shopper[seen.visit[1:][is_same]])


def _returns(seen: Observed) -> ShopperSample:
    """Days from the start of a shopper's visit to that of her next."""
    start = seen.time[seen.first()]
    order = np.lexsort((start, seen.shopper))
    is_same = np.diff(seen.shopper[order]) == 0
    return ShopperSample(np.diff(start[order])[is_same] / DAY_S, seen.shopper[order][1:][is_same])


def _visits(seen: Observed) -> ShopperSample:
    values = np.bincount(seen.shopper, minlength=seen.n_shoppers)
    return ShopperSample(values.astype(np.float64), np.arange(seen.n_shoppers))


def _looks(seen: Observed) -> ShopperSample:
    """The item of each look."""
    item, shopper = seen.looks()
    return ShopperSample(item.astype(np.float64), shopper)


def _categories(seen: Observed) -> ShopperSample:
    """The category of each look."""
    item, shopper = seen.looks()
    category = seen.goods.category[item] if seen.goods is not None else item
    is_known = category >= 0
    return ShopperSample(category[is_known].astype(np.float64), shopper[is_known])


def _prices(seen: Observed) -> ShopperSample:
    """The price of the item of each look."""
    item, shopper = seen.looks()
    price: Floats = seen.goods.price[item] if seen.goods is not None else item.astype(np.float64)
    is_known = np.isfinite(price)
    return ShopperSample(price[is_known], shopper[is_known])


def _clicked(seen: Observed) -> ShopperSample:
    """Of each item shown, whether it was clicked."""
    found = _places(seen)
    hits = found.hits if found.hits is not None else found.values
    return ShopperSample((hits > 0).astype(np.float64), found.shopper)


def _places(seen: Observed) -> ShopperSample:
    """The place of each item shown, from 1, and its clicks."""
    if seen.shown is None:
        raise ValueError("places are asked of a log whose slates are not known")
    place = (seen.shown.place + 1).astype(np.float64)
    return ShopperSample(place, seen.shopper[seen.shown.row], seen.shown.clicks.astype(np.float64))


def _repeats(seen: Observed) -> ShopperSample:
    """Of each look, whether she had looked at the item before."""
    is_look = (seen.kind == LOOK) & (seen.item >= 0)
    shopper = seen.shopper[seen.visit[is_look]]
    order = np.lexsort((seen.time[is_look], seen.item[is_look], shopper))
    same = (np.diff(shopper[order]) == 0) & (np.diff(seen.item[is_look][order]) == 0)
    return ShopperSample(np.append(False, same)[: len(order)].astype(np.float64), shopper[order])


_LOOK = frozenset({LOOK})
MEASURES: dict[str, RealismMeasure] = {
    "looks a visit": RealismMeasure("looks", _LOOK, lambda seen: by_visit(seen, seen.counts(LOOK))),
    "visits with a cart": RealismMeasure("share", frozenset({int(Kind.CART)}), _share(Kind.CART)),
    "visits with a purchase": RealismMeasure(
        "share", frozenset({int(Kind.PURCHASE)}), _share(Kind.PURCHASE)
    ),
    "items an order": RealismMeasure("items", frozenset({int(Kind.PURCHASE)}), _order_sizes),
    "slates a visit": RealismMeasure(
        "slates",
        frozenset({int(Kind.IMPRESSION)}),
        lambda seen: by_visit(seen, seen.counts(Kind.IMPRESSION)),
    ),
    "length of a visit": RealismMeasure(
        "minutes", frozenset({TIMED}), lambda seen: by_visit(seen, duration(seen) / 60)
    ),
    "time between events": RealismMeasure("minutes", frozenset({TIMED}), _between),
    "time to the next visit": RealismMeasure("days", frozenset(), _returns),
    "visits a shopper": RealismMeasure("visits", frozenset(), _visits),
    "looks at an item again": RealismMeasure("share", _LOOK, _repeats),
    "popularity": RealismMeasure("Gini", _LOOK, _looks, "gini"),
    "popularity by rank": RealismMeasure("Zipf exponent", _LOOK, _looks, "zipf"),
    "clicks an item shown": RealismMeasure("share", frozenset({PLACED}), _clicked),
    "clicks by position": RealismMeasure("share of clicks", frozenset({PLACED}), _places, "kl"),
    "category mix": RealismMeasure("share of looks", _LOOK | {SORTED}, _categories, "kl"),
    "price": RealismMeasure("money", _LOOK | {PRICED}, _prices),
}
_WHY = {
    LOOK: "it has no clicks and no views",
    int(Kind.CART): "it has no carts",
    int(Kind.PURCHASE): "it has no purchases",
    int(Kind.IMPRESSION): "it has no slates",
    TIMED: "the events of a visit share one time",
    PLACED: "it has no clicks on slates of several items",
    SORTED: "the catalogue knows the categories of less than half of what is looked at",
    PRICED: "prices are known of less than half of what is looked at",
}


def untold(real: Observed, simulated: Observed) -> dict[str, str]:
    """Why a measure is not compared, by measure; missing is not zero."""
    found = {}
    for name, one in MEASURES.items():
        if lacks := sorted(one.needs - real.known, reverse=True):
            found[name] = _WHY[lacks[0]]
        elif not len(one.sample(real).values):
            found[name] = "nothing of the kind in the days that were read"
        elif not len(one.sample(simulated).values):
            found[name] = "nothing of the kind was simulated"
    return found


def samples_of(seen: Observed) -> dict[str, ShopperSample]:
    """Every measure that these events tell of; one without a single value is left out."""
    found = {name: one.sample(seen) for name, one in MEASURES.items() if one.needs <= seen.known}
    return {name: one for name, one in found.items() if len(one.values)}
