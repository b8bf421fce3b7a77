"""A log as arrays: sessions, when they start, which of them train, and what the others are
asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import expand

Longs = NDArray[np.int64]
Items = NDArray[np.int32]
NOBODY = -1
"""The shopper of a session that nobody is known to have made."""


@dataclass(frozen=True)
class SessionLog:
    """What shoppers did, an event a row, in the order of the file."""

    session: Longs
    """int64 [n_events], 0 .. n_sessions-1."""
    time: NDArray[np.float64]
    """float64 [n_events], seconds."""
    item: Items
    """int32 [n_events], 0 .. n_items-1."""
    acted: NDArray[np.bool_]
    """bool [n_events]. False: the item was only searched with; it is part of the profile but
    neither a truth nor on sale.
    """
    shopper: Longs
    """int64 [n_sessions], NOBODY where unknown."""
    n_items: int

    @property
    def n_sessions(self) -> int:
        """How many sessions there are."""
        return len(self.shopper)

    def starts(self) -> NDArray[np.float64]:
        """The earliest time of each session, float64 [n_sessions]; infinite where it has no
        event.
        """
        start = np.full(self.n_sessions, np.inf)
        np.minimum.at(start, self.session, self.time)
        return start


@dataclass(frozen=True)
class Visits:
    """Sessions that train: the distinct items of each in the order they first came."""

    first: Longs
    """int64 [n_visits + 1], where each begins in items."""
    items: Items
    """int32 [any]."""
    acted: NDArray[np.bool_]
    """bool [any], the item was ever acted on in that session."""
    shopper: Longs
    """int64 [n_visits]."""
    start: NDArray[np.float64]
    """float64 [n_visits]."""
    n_items: int

    def __len__(self) -> int:
        return len(self.start)

    @property
    def lengths(self) -> Longs:
        """How many distinct items each visit has, int64 [n_visits]."""
        return np.diff(self.first)

    @property
    def visit(self) -> Longs:
        """The visit of each row of items, int64 [any]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def popularity(self) -> Longs:
        """In how many visits each item was acted on, int64 [n_items]."""
        return np.bincount(self.items[self.acted], minlength=self.n_items)


@dataclass(frozen=True)
class Cases:
    """Sessions that are asked: what comes last, given what came before?

    session int64 [n], their numbers; first int64 [n + 1], where each profile begins in items int32
    [any], the distinct items before the last event in the order they first came; latest int32 [n],
    the item of the event before the last; truth int32 [n], the item of the last event, which may
    stand in the profile.
    """

    session: Longs
    shopper: Longs
    first: Longs
    items: Items
    latest: Items
    truth: Items

    def __len__(self) -> int:
        return len(self.session)

    @property
    def case(self) -> Longs:
        """The case of each row of items, int64 [any]."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    def only(self, places: Longs) -> Cases:
        """Some of the cases, in the order given."""
        row, position = expand(self.first[places], self.first[places + 1])
        first = np.searchsorted(row, np.arange(len(places) + 1))
        return Cases(
            session=self.session[places],
            shopper=self.shopper[places],
            first=first,
            items=self.items[position],
            latest=self.latest[places],
            truth=self.truth[places],
        )

    def truth_in_profile(self) -> NDArray[np.bool_]:
        """Where the truth was in the profile, and so can never be recommended: bool [n]."""
        found = np.zeros(len(self), dtype=np.bool_)
        case = self.case
        found[case[self.items == self.truth[case]]] = True
        return found


def default_split(starts: NDArray[np.float64], share: float = 0.9) -> float:
    """The quantile of the session starts; sessions that start before it train."""
    finite = starts[np.isfinite(starts)]
    if not len(finite):
        raise ValueError("there is no session to split")
    return float(np.quantile(finite, share))


def visits(log: SessionLog, is_chosen: NDArray[np.bool_]) -> Visits:
    """The chosen sessions (bool [n_sessions]) whole, as what trains, in the order of their
    numbers.
    """
    row = np.flatnonzero(is_chosen[log.session])
    row = row[np.argsort(log.session[row], kind="stable")]
    session = log.session[row]
    item = log.item[row]
    place = _first_of_each(session, item, log.n_items)
    ever = np.unique((session * log.n_items + item)[log.acted[row]])
    acted = np.isin((session * log.n_items + item)[place], ever)
    numbers = np.unique(session)
    return Visits(
        first=np.append(np.searchsorted(session[place], numbers), len(place)),
        items=item[place],
        acted=acted,
        shopper=log.shopper[numbers],
        start=log.starts()[numbers],
        n_items=log.n_items,
    )


def cases(log: SessionLog, is_chosen: NDArray[np.bool_]) -> Cases:
    """What the chosen sessions with two or more distinct items ask, in the order of their numbers.

    The last event in file order is the truth, the earlier ones are the profile; a search is never a
    truth, and what comes after the last act is left out.
    """
    row = np.flatnonzero(is_chosen[log.session])
    row = row[np.argsort(log.session[row], kind="stable")]
    last = np.full(log.n_sessions, -1)
    acted = np.flatnonzero(log.acted[row])
    last[log.session[row[acted]]] = acted  # the later one stays
    row = row[np.arange(len(row)) <= last[log.session[row]]]
    session = log.session[row]
    item = log.item[row]
    distinct = _first_of_each(session, item, log.n_items)
    n_distinct = np.bincount(session[distinct], minlength=log.n_sessions)
    kept = n_distinct[session] > 1
    session = session[kept]
    item = item[kept]
    numbers, begin, size = np.unique(session, return_index=True, return_counts=True)
    is_last = np.zeros(len(session), dtype=np.bool_)
    is_last[begin + size - 1] = True
    before = item[~is_last]
    of = session[~is_last]
    place = _first_of_each(of, before, log.n_items)
    return Cases(
        session=numbers,
        shopper=log.shopper[numbers],
        first=np.append(np.searchsorted(of[place], numbers), len(place)),
        items=before[place],
        latest=item[begin + size - 2],
        truth=item[begin + size - 1],
    )


def evenly(n: int, most: int) -> Longs:
    """At most so many of n places, evenly spread, in order."""
    kept = min(n, most)
    return np.arange(kept, dtype=np.int64) * n // max(kept, 1)


def _first_of_each(session: Longs, item: Items, n_items: int) -> Longs:
    """Where each item of each session first comes, in order."""
    first: Longs = np.unique(session * n_items + item, return_index=True)[1]
    return np.sort(first)
