"""What is compared: one entry a measure, each a sample whose values belong to shoppers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.events import Kind
from simulator.realism.observed import DAY_S, LOOK, TIMED, Floats, Ints, Observed


@dataclass(frozen=True)
class ShopperSample:
    """values float64 [n], shopper int64 [n]: whose each is."""

    values: Floats
    shopper: Ints


@dataclass(frozen=True)
class RealismMeasure:
    """needs: kinds that a log must record for it; is_gini: values are items, and what is compared
    is how unequal they are.
    """

    unit: str
    needs: frozenset[int]
    sample: Callable[[Observed], ShopperSample]
    is_gini: bool = False


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
    is_look = (seen.kind == LOOK) & (seen.item >= 0)
    return ShopperSample(seen.item[is_look].astype(np.float64), seen.shopper[seen.visit[is_look]])


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
    "popularity": RealismMeasure("Gini", _LOOK, _looks, is_gini=True),
}


def samples_of(seen: Observed) -> dict[str, ShopperSample]:
    """Every measure that these events tell of; one without a single value is left out."""
    found = {name: one.sample(seen) for name, one in MEASURES.items() if one.needs <= seen.known}
    return {name: one for name, one in found.items() if len(one.values)}
