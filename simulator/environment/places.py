"""Many visits side by side, each at a place of its own: shown a slate, they say what happened.

The places are what an agent sees as parallel environments. Those at the same step of the same day
are played as one batch, by the same code as a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.events import Kind
from recommender.config import RecommenderConfig
from recommender.profile import Profiles
from simulator.environment.visits import VisitStream, joined
from simulator.world.day import ask, read
from simulator.world.draws import Bools, Floats, Ints
from simulator.world.session import Sessions, World
from workers.guests.answers import completed
from workers.guests.door import GuestAnswer

ACTS = (Kind.CLICK, Kind.CART, Kind.PURCHASE)
"""What a shopper may do with an item that is shown; 1, 2, 3 in `acted`, the greatest counts."""


@dataclass
class Heard:
    """What came of one step; a row is a place."""

    events: NDArray[Any]
    """object [n]: the events of each place, EVENT arrays in their order; None where none."""
    counts: Ints
    """int64 [n, 3]: clicks, carts and purchases."""
    revenue: Floats
    """[n], of the purchases, in units of currency."""
    is_over: Bools
    """[n]: the shopper has left."""
    filled: Ints
    """[n]: positions whose item could not be shown, filled by lot."""


@dataclass(frozen=True)
class _Group:
    """Visits at the same step of the same day, and the places where they are."""

    place: Ints  # [m]
    sessions: Sessions  # m rows, all alive


class Places:
    """N places, all of them empty until somebody is let in."""

    def __init__(self, world: World, n: int, vectors: NDArray[np.float32]) -> None:
        width = world.max_slates * world.slate_size
        self.world = world
        self.visits = VisitStream(world)
        self.query = np.zeros(n, np.int64)
        self.shopper = np.zeros(n, np.int64)
        self.session = np.zeros(n, np.int64)
        self.step = np.zeros(n, np.int64)
        self.seen = np.full((n, width), -1, np.int32)
        self.acted = np.zeros((n, width), np.int8)
        self._vectors = vectors
        self._total = np.zeros((n, vectors.shape[1]), np.float32)
        self._mentions = np.zeros(n, np.float32)
        self._groups: list[_Group] = []
        self._filling = RecommenderConfig(policy="random", slate_size=world.slate_size)

    def __len__(self) -> int:
        return len(self.query)

    def picture(self, place: Ints) -> NDArray[np.float32]:
        """float32 [m, dim]: the vectors of the queries of some places (int64 [m])."""
        return self._vectors[self.query[place]]

    def profile(self, place: Ints) -> NDArray[np.float32]:
        """float32 [m, dim], from -1 to 1: the mean vector of what each visit asked with and clicked
        so far.
        """
        mentions = np.maximum(self._mentions[place], np.float32(1.0))
        mean = np.asarray(self._total[place] / mentions[:, None], np.float32)
        return np.clip(mean, np.float32(-1.0), np.float32(1.0))

    def let_in(self, place: Ints) -> NDArray[Any]:
        """The next visits take these empty places (int64 [m]); object [m]: their first requests."""
        self.seen[place] = -1
        self.acted[place] = 0
        self._total[place] = 0.0
        self._mentions[place] = 0.0
        events = np.full(len(self), None, object)
        first = 0
        for sessions in self.visits.next(len(place)):
            last = first + len(sessions.shopper)
            asked = self._asks(place[first:last], sessions)
            _hand_out(events, place[first:last], asked, np.arange(last - first))
            first = last
        self._groups = _merged(self._groups)
        chosen: NDArray[Any] = events[place]
        return chosen

    def read(self, slates: NDArray[np.integer[Any]]) -> Heard:
        """Each visit reads the slate of its place, int [n, k]; empty places do nothing."""
        n = len(self)
        heard = Heard(
            np.full(n, None, object),
            np.zeros((n, 3), np.int64),
            np.zeros(n),
            np.zeros(n, np.bool_),
            np.zeros(n, np.int64),
        )
        groups = self._groups
        self._groups = []
        taken = np.sort(np.concatenate([np.zeros(0, np.int64), *(one.place for one in groups)]))
        shown = self._shown(np.asarray(slates, np.int64), taken, heard.filled)
        for group in groups:
            self._read_group(group, shown[group.place], heard)
        return heard

    def cut_short(self, place: Ints) -> None:
        """Visits that somebody ends from outside: what they gave so far is remembered."""
        kept = []
        for group in self._groups:
            is_cut = np.isin(group.place, place)
            self.visits.over(group.sessions.take(is_cut))
            if not is_cut.all():
                kept.append(_Group(group.place[~is_cut], group.sessions.take(~is_cut)))
        self._groups = kept

    def _read_group(self, group: _Group, shown: NDArray[np.int32], heard: Heard) -> None:
        place = group.place
        after, told, _ = read(self.world, group.sessions, shown)
        rows = told.rows
        owner = np.cumsum(rows["kind"] == Kind.IMPRESSION) - 1
        self._note(place[owner], rows, heard)
        k = shown.shape[1]
        step = int(group.sessions.step)
        self.seen[place, step * k : (step + 1) * k] = shown
        heard.is_over[place] = ~after.alive
        self.visits.over(after.take(~after.alive))
        if after.alive.any():
            asked = self._asks(place[after.alive], after.take(after.alive))
            rows, owner = _behind(rows, owner, asked, np.flatnonzero(after.alive))
        _hand_out(heard.events, place, rows, owner)

    def _asks(self, place: Ints, sessions: Sessions) -> NDArray[Any]:
        """Visits ask for their next slate: their requests, EVENT [m]."""
        now, asked = ask(self.world, sessions)
        self._groups.append(_Group(place, now))
        self.query[place] = now.query
        self.shopper[place] = now.shopper
        self.session[place] = now.session
        self.step[place] = now.step
        self._total[place] += self._vectors[now.query]
        self._mentions[place] += 1
        return asked.rows

    def _note(self, place: Ints, rows: NDArray[Any], heard: Heard) -> None:
        """Keep what was done; rows: events, place: of each the place where it happened."""
        kinds = rows["kind"].copy()
        k = self.world.slate_size
        for number, kind in enumerate(ACTS):
            which = np.flatnonzero(kinds == kind)
            where = place[which]
            acts = rows[which]
            np.add.at(heard.counts[:, number], where, 1)
            self.acted[where, acts["step"] * k + acts["position"] - 1] = number + 1
            if kind == Kind.PURCHASE:
                np.add.at(heard.revenue, where, acts["price"] / 100.0)
            if kind == Kind.CLICK:
                np.add.at(self._total, where, self._vectors[acts["item"]])
                np.add.at(self._mentions, where, 1)

    def _shown(self, said: Ints, taken: Ints, filled: Ints) -> NDArray[np.int32]:
        """The slates int32 [n, k] that are shown at the places taken; notes what was filled."""
        shown = said.astype(np.int32)
        bad = taken[~self._is_good(said, taken)]
        if not len(bad):
            return shown
        query = self.query[bad].astype(np.int32)
        profiles = Profiles(
            session=self.session[bad],
            step=self.step[bad].astype(np.int16),
            query=query,
            items=query[:, None],
            weights=np.ones((len(bad), 1)),
            shown=self.seen[bad],
        )
        answered = completed(
            GuestAnswer(said[bad]),
            profiles,
            np.ones(self.world.catalogue.n_items, np.bool_),
            config=self._filling,
            seed=self.world.seed,
        )
        shown[bad] = answered.entries["item"]
        filled[bad] = answered.faults.sum(axis=1)
        return shown

    def _is_good(self, said: Ints, taken: Ints) -> Bools:
        """Bool [n_taken]: all for sale, different, not the query and not seen in this visit."""
        items = said[taken]
        ordered = np.sort(items, axis=1)
        is_known = (ordered[:, 0] >= 0) & (ordered[:, -1] < self.world.catalogue.n_items)
        is_distinct = (ordered[:, 1:] != ordered[:, :-1]).all(axis=1)
        is_query = (items == self.query[taken][:, None]).any(axis=1)
        good: Bools = is_known & is_distinct & ~is_query
        again = np.zeros(items.shape, np.bool_)
        so_far = int(self.step[taken].max(initial=0)) * self.world.slate_size
        for seen in np.ascontiguousarray(self.seen[taken, :so_far].T):
            again |= items == seen[:, None]
        good &= ~again.any(axis=1)
        return good


def _merged(groups: list[_Group]) -> list[_Group]:
    """One group for each step of each day."""
    alike: dict[tuple[int, int], list[_Group]] = {}
    for group in groups:
        alike.setdefault((group.sessions.day, group.sessions.step), []).append(group)
    return [
        some[0]
        if len(some) == 1
        else _Group(
            np.concatenate([one.place for one in some]), joined([one.sessions for one in some])
        )
        for some in alike.values()
    ]


def _behind(
    rows: NDArray[Any], owner: Ints, more: NDArray[Any], more_owner: Ints
) -> tuple[NDArray[Any], Ints]:
    """Events with one more behind those of some owners; owners are sorted, rows of one together."""
    owners = np.concatenate([owner, more_owner])
    order = np.argsort(owners, kind="stable")
    both = np.empty(len(owners), rows.dtype)
    both[: len(rows)] = rows
    both[len(rows) :] = more
    return both[order], owners[order]


def _hand_out(events: NDArray[Any], place: Ints, rows: NDArray[Any], owner: Ints) -> None:
    """To each place its events; owner: int64 [n_events], sorted, the row of `place` of each."""
    edges = np.searchsorted(owner, np.arange(len(place) + 1)).tolist()
    pieces = map(rows.__getitem__, map(slice, edges[:-1], edges[1:]))
    events[place] = np.fromiter(pieces, object, len(place))
