"""What a log tells of visits, in one form for a real log and a simulated one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.events import Events, Kind
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.arrays.sessions import owners
from simulator.logs.shown_items import shown_items
from simulator.world.shopper import DAY_MS

Ints = NDArray[np.int64]
DAY_S = DAY_MS / 1000
PLACES = 10
"""Places of a slate that are told apart; later ones count as the last."""
_NOWHERE = np.zeros(PLACES, np.int64)


@dataclass(frozen=True)
class SeenVisits:
    """The visits of a log; a row of the first six is a visit."""

    has_slates: bool
    """Whether what was shown is known; if not, only visits with a look are seen."""
    days: int
    shopper: Ints
    day: Ints  # from 0
    slates: Ints  # 0 where they are unknown
    looks: Ints  # clicks, or views where slates are unknown
    carts: Ints
    purchases: Ints
    shown_at: Ints  # [PLACES], items shown by place
    clicked_at: Ints  # [PLACES], clicks by place
    searched: Ints  # categories searched in, a number each; empty where unknown
    looked: Ints  # items looked at, a number each; empty where unknown

    def __len__(self) -> int:
        return len(self.shopper)

    @property
    def n_shoppers(self) -> int:
        """Shoppers who came at least once."""
        return len(np.unique(self.shopper))


@dataclass(frozen=True)
class _Acts:
    """Events with the number of their visit. All but the last two [n_events]."""

    visit: Ints
    kind: Ints
    shopper: Ints  # by visit
    day: Ints  # by visit


def of_events(events: Events, category: Ints, days: int, *, has_slates: bool) -> SeenVisits:
    """A run's visits, as a log of that kind would tell them; category: by item number."""
    rows = events.rows
    visit, first, which = np.unique(rows["session"], return_index=True, return_inverse=True)
    del visit
    kind = rows["kind"].astype(np.int64)
    acts = _Acts(
        which,
        kind,
        rows["shopper"][first].astype(np.int64),
        (rows["at"][first] // DAY_MS).astype(np.int64),
    )
    clicks = rows["position"][kind == Kind.CLICK].astype(np.int64) - 1
    looked = rows["item"][kind == Kind.CLICK].astype(np.int64)
    searched = category[rows["query"][kind == Kind.SEARCH]].astype(np.int64)
    shown = np.count_nonzero(events.shown >= 0, axis=0)
    places = _by_place(np.repeat(np.arange(len(shown)), shown)) if has_slates else _NOWHERE
    return _seen(
        acts,
        days,
        has_slates,
        places,
        _by_place(clicks) if has_slates else _NOWHERE,
        searched,
        looked,
    )


def of_log(
    log: LogEvents, categories: Mapping[str, int], *, days: int, shoppers: int
) -> SeenVisits:
    """A log's visits in its first days, of so many shoppers at most.

    categories: by item id, of those that a catalogue knows; none where none of them is there.
    """
    has_slates = len(log.slate_row) > 0
    start = np.floor(log.time.min(initial=np.inf) / DAY_S) * DAY_S
    day = np.floor((log.time - start) / DAY_S).astype(np.int64)
    span = int(min(days, day.max(initial=0) + 1))
    names = np.where(log.shopper.codes >= 0, log.shopper.codes, log.session.codes).astype(np.int64)
    known = np.unique(names[(day < span) & (names >= 0)])
    chosen = known[:: max(1, len(known) // shoppers)][:shoppers]
    keep = (day < span) & np.isin(names, chosen)
    key = owners(log.shopper, log.session)[keep]
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    kind = log.kind[keep].astype(np.int64)
    kind = kind if has_slates else np.where(kind == Kind.VIEW, Kind.CLICK, kind)
    acts = _Acts(which, kind, names[keep][first], day[keep][first])
    number = np.array([categories.get(one, -1) for one in [*log.item.texts(), ""]], np.int64)
    of_item = number[log.item.codes[keep]]
    searched = of_item[(kind == Kind.SEARCH) & (of_item >= 0)]
    is_look = (kind == Kind.CLICK) & (of_item >= 0)
    looked = log.item.codes[keep].astype(np.int64)[is_look]
    shown, clicked = _places(log, keep) if has_slates else (_NOWHERE, _NOWHERE)
    return _seen(acts, span, has_slates, shown, clicked, searched, looked)


def _seen(  # noqa: PLR0917 - the fields of one thing
    acts: _Acts,
    days: int,
    has_slates: bool,
    shown: Ints,
    clicked: Ints,
    searched: Ints,
    looked: Ints,
) -> SeenVisits:
    n = len(acts.shopper)

    def count(kind: Kind) -> Ints:
        return np.bincount(acts.visit[acts.kind == kind], minlength=n)

    looks = count(Kind.CLICK)
    here = np.ones(n, np.bool_) if has_slates else looks > 0
    return SeenVisits(
        has_slates=has_slates,
        days=days,
        shopper=acts.shopper[here],
        day=acts.day[here],
        slates=count(Kind.IMPRESSION)[here] * has_slates,
        looks=looks[here],
        carts=count(Kind.CART)[here],
        purchases=count(Kind.PURCHASE)[here],
        shown_at=shown,
        clicked_at=clicked,
        searched=searched,
        looked=looked,
    )


def _by_place(places: Ints) -> Ints:
    return np.bincount(np.minimum(places, PLACES - 1), minlength=PLACES)


def _places(log: LogEvents, keep: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Items shown and clicked by place."""
    found = shown_items(log)
    kept = keep[found.row]
    shown, clicks = found.place[kept], found.clicks[kept]
    return _by_place(shown), _by_place(np.repeat(shown, clicks))
