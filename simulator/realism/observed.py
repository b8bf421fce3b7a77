"""What a log tells of visits, in one form for a real log and for simulated events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.events import Events, Kind
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.arrays.sessions import owners
from simulator.world.shopper import DAY_MS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DAY_S = DAY_MS / 1000
LOOK = int(Kind.CLICK)
COUNTED = (LOOK, int(Kind.CART), int(Kind.PURCHASE), int(Kind.IMPRESSION))

TIMED = -1
"""Recorded where the events of a visit have times of their own; those of baskets share one."""


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


def of_events(events: Events, known: frozenset[int]) -> Observed:
    """Simulated events, of which a log that records these kinds would tell."""
    rows = events.rows
    return _observed(
        rows["session"].astype(np.int64),
        rows["shopper"].astype(np.int64),
        rows["kind"].astype(np.int64),
        rows["at"] / 1000,
        rows["item"].astype(np.int64),
        known,
    )


def of_log(log: LogEvents, *, days: int, shoppers: int) -> Observed:
    """A log's first days, of so many of its shoppers at most; they are taken evenly by name."""
    who = np.where(log.shopper.codes >= 0, log.shopper.codes, -2 - log.session.codes)
    start = np.floor(log.time.min(initial=np.inf) / DAY_S) * DAY_S
    is_early = log.time < start + days * DAY_S
    names = np.unique(who[is_early])
    chosen = names[:: max(1, len(names) // shoppers)][:shoppers]
    keep = is_early & np.isin(who, chosen)
    kind = log.kind.astype(np.int64)
    if not np.any(kind == LOOK):
        kind = np.where(kind == Kind.VIEW, LOOK, kind)
    known = frozenset(one for one in COUNTED if np.any(kind == one))
    owner = owners(log.shopper, log.session)
    if _is_timed(owner[keep], log.time[keep]):
        known |= {TIMED}
    return _observed(
        owner[keep],
        who[keep].astype(np.int64),
        kind[keep],
        log.time[keep],
        log.item.codes[keep].astype(np.int64),
        known,
    )


def _is_timed(visit: Ints, time: Floats) -> bool:
    order = np.lexsort((time, visit))
    return bool(np.any((np.diff(visit[order]) == 0) & (np.diff(time[order]) > 0)))


def _observed(  # noqa: PLR0917 - the columns of one table
    visit: Ints, shopper: Ints, kind: Ints, time: Floats, item: Ints, known: frozenset[int]
) -> Observed:
    keep = np.isin(kind, list(known))
    order = np.lexsort((item[keep], kind[keep], time[keep], visit[keep]))
    rows = np.flatnonzero(keep)[order]
    _, first, number = np.unique(visit[rows], return_index=True, return_inverse=True)
    _, who = np.unique(shopper[rows][first], return_inverse=True)
    return Observed(number, kind[rows], time[rows], item[rows], who.astype(np.int64), known)
