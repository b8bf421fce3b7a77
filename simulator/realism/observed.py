"""What a log tells of visits, in one form for a real log and for simulated events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.events import Events, Kind
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.arrays.sessions import owners
from simulator.logs.shown_items import ShownItems, shown_by, shown_items
from simulator.realism.goods import Goods
from simulator.world.shopper import DAY_MS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DAY_S = DAY_MS / 1000
LOOK = int(Kind.CLICK)
COUNTED = (LOOK, int(Kind.CART), int(Kind.PURCHASE), int(Kind.IMPRESSION))

TIMED = -1
"""Recorded where the events of a visit have times of their own; those of baskets share one."""
PLACED = -2
"""Recorded where slates have items in their order, and clicks."""
SORTED = -3
"""Recorded where the categories of at least half of the looks are known."""
PRICED = -4
"""Recorded where the prices of at least half of the looks are known."""
ENOUGH = 0.5


@dataclass(frozen=True)
class Observed:
    """Looks, carts, purchases and slates, an event a row, by visit, then time.

    A look is a click; of a log without clicks it is a view.
    """

    visit: Ints  # [n_events], 0 .. n_visits-1
    kind: Ints  # [n_events], of COUNTED
    time: Floats  # [n_events], seconds
    item: Ints  # [n_events], -1 where it names none
    shopper: Ints  # [n_visits], 0 .. n_shoppers-1
    known: frozenset[int]
    """The kinds that the log records. A kind that it never names is not known, which is not 0."""
    goods: Goods | None = None
    """Category and price by item."""
    shown: ShownItems | None = None
    """Its row is the visit, not the event."""

    @property
    def n_shoppers(self) -> int:
        """Shoppers who came at least once."""
        return int(self.shopper.max(initial=-1)) + 1

    def counts(self, kind: Kind | int) -> Ints:
        """Events of a kind in each visit, int64 [n_visits]."""
        return np.bincount(self.visit[self.kind == kind], minlength=len(self.shopper))

    def first(self) -> Ints:
        """The first event of each visit, int64 [n_visits]."""
        return np.flatnonzero(np.diff(self.visit, prepend=-1))

    def looks(self) -> tuple[Ints, Ints]:
        """Item and shopper of each look that names an item, int64 [n_looks] each."""
        is_look = (self.kind == LOOK) & (self.item >= 0)
        return self.item[is_look], self.shopper[self.visit[is_look]]


@dataclass(frozen=True)
class _ObservedRows:
    """Events as they come, [n_events] each."""

    visit: Ints
    shopper: Ints
    kind: Ints
    time: Floats
    item: Ints


def of_events(events: Events, known: frozenset[int], goods: Goods | None = None) -> Observed:
    """Simulated events, of which a log that records these kinds would tell."""
    rows = events.rows
    acts = _ObservedRows(
        rows["session"].astype(np.int64),
        rows["shopper"].astype(np.int64),
        rows["kind"].astype(np.int64),
        rows["at"] / 1000,
        rows["item"].astype(np.int64),
    )
    return _observed(acts, known, goods, shown_by(events) if PLACED in known else None)


def of_log(log: LogEvents, *, days: int, shoppers: int, goods: Goods | None = None) -> Observed:
    """A log's first days, of so many of its shoppers at most; they are taken evenly by name.

    goods: by the number of its items.
    """
    who = np.where(log.shopper.codes >= 0, log.shopper.codes, -2 - log.session.codes)
    start = np.floor(log.time.min(initial=np.inf) / DAY_S) * DAY_S
    is_early = log.time < start + days * DAY_S
    names = np.unique(who[is_early])
    chosen = names[:: max(1, len(names) // shoppers)][:shoppers]
    keep = is_early & np.isin(who, chosen)
    kind = log.kind.astype(np.int64)
    if not np.any(kind == LOOK):
        kind = np.where(kind == Kind.VIEW, LOOK, kind)
    acts = _ObservedRows(
        owners(log.shopper, log.session),
        who.astype(np.int64),
        kind,
        log.time,
        log.item.codes.astype(np.int64),
    )
    shown = shown_items(log)
    known = frozenset(one for one in COUNTED if np.any(kind == one))
    if _is_timed(acts.visit[keep], acts.time[keep]):
        known |= {TIMED}
    if shown.place.max(initial=0) > 0 and shown.clicks.any():
        known |= {PLACED}
    known |= _of_goods(acts, goods)
    return _observed(acts, known, goods, shown if PLACED in known else None, keep)


def _of_goods(acts: _ObservedRows, goods: Goods | None) -> frozenset[int]:
    """What is known of the items that are looked at."""
    looked = acts.item[(acts.kind == LOOK) & (acts.item >= 0)]
    if goods is None or not len(looked):
        return frozenset()
    shares = {
        SORTED: np.mean(goods.category[looked] >= 0),
        PRICED: np.mean(np.isfinite(goods.price[looked])),
    }
    return frozenset(one for one, share in shares.items() if share >= ENOUGH)


def _is_timed(visit: Ints, time: Floats) -> bool:
    order = np.lexsort((time, visit))
    return bool(np.any((np.diff(visit[order]) == 0) & (np.diff(time[order]) > 0)))


def _observed(
    acts: _ObservedRows,
    known: frozenset[int],
    goods: Goods | None,
    shown: ShownItems | None,
    keep: NDArray[np.bool_] | None = None,
) -> Observed:
    keep = np.isin(acts.kind, list(known)) & (True if keep is None else keep)
    kept = np.flatnonzero(keep)
    order = np.lexsort((acts.item[kept], acts.kind[kept], acts.time[kept], acts.visit[kept]))
    rows = kept[order]
    visits, first, number = np.unique(acts.visit[rows], return_index=True, return_inverse=True)
    _, who = np.unique(acts.shopper[rows][first], return_inverse=True)
    if shown is not None:
        here = keep[shown.row]
        visit = np.searchsorted(visits, acts.visit[shown.row[here]])
        shown = ShownItems(visit, shown.place[here], shown.clicks[here])
    return Observed(
        number,
        acts.kind[rows],
        acts.time[rows],
        acts.item[rows],
        who.astype(np.int64),
        known,
        goods,
        shown,
    )
