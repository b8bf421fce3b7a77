"""What the slates of a log showed, place by place, and which of it was clicked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.events import ABSENT, Events, Kind
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.arrays.sessions import owners

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ShownItems:
    """A row is an item shown: int64 [n_shown] each."""

    row: Ints  # the event that showed it
    place: Ints  # from 0
    clicks: Ints  # on it, while that slate was the visit's last one to show it


def shown_items(log: LogEvents) -> ShownItems:
    """Of a log, in the order of its slates; a click belongs to the last slate before it, in its
    visit, that shows its item.
    """
    row = log.slate_row
    start = np.flatnonzero(np.diff(row, prepend=-1))
    lengths = np.diff(np.append(start, len(row)))
    place = np.arange(len(row)) - np.repeat(start, lengths)
    number = {text: code for code, text in enumerate(log.item.texts())}
    item = np.array([number.get(text, ABSENT) for text in log.slate_item], np.int64)
    owner = owners(log.shopper, log.session)
    turn = np.empty(len(log), np.int64)
    turn[np.lexsort((np.arange(len(log)), log.time, owner))] = np.arange(len(log))
    is_click = (log.kind == Kind.CLICK) & (log.item.codes >= 0)
    clicked = np.flatnonzero(is_click & ~np.isin(np.arange(len(log)), row))
    of = _last_before(
        (owner[row], item, turn[row]),
        (owner[clicked], log.item.codes[clicked].astype(np.int64), turn[clicked]),
    )
    return ShownItems(row, place, np.bincount(of[of >= 0], minlength=len(row)))


def shown_by(events: Events) -> ShownItems:
    """Of simulated events, whose clicks name slate and place; slates without their empty places."""
    rows = events.rows
    slates = np.flatnonzero(rows["kind"] == Kind.IMPRESSION)
    slate, place = np.nonzero(events.shown >= 0)
    clicks = np.zeros(events.shown.shape, np.int64)
    click = rows[rows["kind"] == Kind.CLICK]
    width = int(rows["ordinal"].max(initial=0)) + 1
    key = rows["session"][slates].astype(np.int64) * width + rows["ordinal"][slates]
    of = np.searchsorted(key, click["session"].astype(np.int64) * width + click["impression"])
    np.add.at(clicks, (of, click["position"] - 1), 1)
    return ShownItems(slates[slate], place.astype(np.int64), clicks[slate, place])


def _last_before(shown: tuple[Ints, Ints, Ints], asked: tuple[Ints, Ints, Ints]) -> Ints:
    """The place in `shown` of what has the owner and item of each asked one and the last turn
    before its own, -1 where there is none; each is owner, item and turn.
    """
    n = len(shown[0])
    is_asked = np.repeat([False, True], [n, len(asked[0])])
    owner, item, turn = (np.concatenate(pair) for pair in zip(shown, asked, strict=True))
    order = np.lexsort((np.arange(len(owner)), turn, item, owner))
    at = np.where(is_asked[order], -1, order)
    last = np.maximum.accumulate(np.where(at >= 0, np.arange(len(at)), -1))
    found = np.where(last >= 0, order[last], 0)
    same = (last >= 0) & (owner[found] == owner[order]) & (item[found] == item[order])
    of = np.full(len(owner), -1, np.int64)
    of[order] = np.where(same, found, -1)
    return of[n:]
