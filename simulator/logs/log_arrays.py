"""A log as the arrays that the recommender reads, in an order that its file cannot change.

Items are numbered by their ids, sessions by start, shopper and name, and events lie in the order of
time. Where the events of a session share one time their order says nothing: it is drawn by an
address made of their names, so that neither the file nor the numbering can speak.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from db.events import Kind
from recommender.session_log.sessions import NOBODY, SessionLog
from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays.events import LogEvents, Names
from simulator.logs.reading.arrays.mixing import Words, mixed
from simulator.logs.reading.arrays.sessions import owners
from simulator.logs.reading.notes import Notes

ACTS = (Kind.VIEW, Kind.CLICK, Kind.CART, Kind.PURCHASE)
"""What counts as an event of the protocol. A search belongs to the profile only; impressions show
what is on sale; leaving names no item.
"""
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class LogArrays:
    """shown_in, shown int64 [n_shown]: session and item of what was shown; run: of an export, or
    empty.
    """

    log: SessionLog
    item_ids: list[str]
    shown_in: Longs
    shown: Longs
    n_shoppers: int
    run: str
    notes: Notes

    def on_sale(self, is_training: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Items that training sessions (bool [n_sessions]) were shown: bool [n_items]."""
        marks = np.zeros(len(self.item_ids), dtype=np.bool_)
        marks[self.shown[is_training[self.shown_in]]] = True
        return marks


def read(path: Path) -> LogArrays:
    """The whole file; a session is what one shopper did under one session name.

    Raises UsageError and DataError as reading.read does.
    """
    notes = Notes(str(path))
    return gathered(reading.read(path, notes), notes)


def gathered(events: LogEvents, notes: Notes) -> LogArrays:
    """The same of events that were read somewhere else; the notes are theirs."""
    is_row = np.isin(events.kind, (*ACTS, Kind.SEARCH)) & (events.item.codes >= 0)
    row = np.flatnonzero(is_row)
    session, shopper = _sessions(events, is_row)
    ids, item_of = _items(events, row)
    item = item_of[events.item.codes[row]]
    acted = np.isin(events.kind[row], ACTS)
    time = events.time[row]
    draw = _draw(events, row)
    order = np.lexsort((draw, time, session[row]))
    log = SessionLog(
        session=session[row][order],
        time=time[order],
        item=item[order].astype(np.int32),
        acted=acted[order],
        shopper=shopper,
        n_items=len(ids),
    )
    shown_in, shown = _shown(events, session, ids)
    n_shoppers = int(shopper.max(initial=-1)) + 1
    return LogArrays(log, ids.tolist(), shown_in, shown, n_shoppers, notes.run, notes)


def _sessions(events: LogEvents, is_row: NDArray[np.bool_]) -> tuple[Longs, Longs]:
    """The session of each event, int64 [n], numbered by start, shopper and name; and the shopper
    of each session.
    """
    key, place, session = np.unique(
        owners(events.shopper, events.session), return_index=True, return_inverse=True
    )
    start = np.full(len(key), np.inf)
    np.minimum.at(start, session[is_row], events.time[is_row])
    shopper = _rank(events.shopper)[events.shopper.codes[place]]
    name = _rank(events.session)[events.session.codes[place]]
    order = np.lexsort((name, shopper, start))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    known = np.unique(shopper[shopper >= 0])
    numbered = np.where(shopper >= 0, np.searchsorted(known, shopper), NOBODY)
    return number[session], numbered[order].astype(np.int64)


def _rank(names: Names) -> Longs:
    """The place of each name among all in the order of their letters, -1 for no name."""
    order = np.asarray(pc.sort_indices(names.words))
    rank = np.full(len(order) + 1, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _items(events: LogEvents, row: Longs) -> tuple[NDArray[np.str_], Longs]:
    """The ids in the order of their letters, and the number of each of the events' names."""
    used = np.unique(events.item.codes[row])
    words = events.item.words.take(used) if len(used) else events.item.words[:0]
    spelled = [*words.to_pylist(), *set(events.slate_item)]
    impressions = (events.kind == Kind.IMPRESSION) & (events.item.codes >= 0)
    spelled += events.item.words.take(np.unique(events.item.codes[impressions])).to_pylist()
    ids = np.array(sorted(set(spelled)), dtype=object)
    number = {one: place for place, one in enumerate(ids.tolist())}
    of = np.array([number.get(one, -1) for one in [*events.item.texts(), None]], dtype=np.int64)
    return ids, of


def _shown(events: LogEvents, session: Longs, ids: NDArray[np.str_]) -> tuple[Longs, Longs]:
    number = {one: place for place, one in enumerate(ids.tolist())}
    single = np.flatnonzero((events.kind == Kind.IMPRESSION) & (events.item.codes >= 0))
    words = events.item.texts()
    shown = [number[words[code]] for code in events.item.codes[single].tolist()]
    shown += [number[one] for one in events.slate_item]
    rows = np.concatenate([single, events.slate_row])
    return session[rows], np.array(shown, dtype=np.int64)


def _draw(events: LogEvents, row: Longs) -> Words:
    """A number for each row by which events of one time are ordered: it follows from the names of
    session, shopper and item alone.
    """
    state = np.zeros(len(row), dtype=np.uint64)
    for names in (events.shopper, events.session, events.item):
        hashed = pd.util.hash_array(np.array([*names.texts(), ""], dtype=object), categorize=False)
        state = mixed(state, hashed[names.codes[row]])
    return mixed(state, events.kind[row].astype(np.uint64))
