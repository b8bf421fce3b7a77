"""Which items a policy considers at all: marks over the catalogue, then padded lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import expand, padded
from recommender.profile import Profiles
from recommender.ranking import Draws, addressed
from recommender.scoring.cointeraction import Counts
from recommender.search.similarity import VisualNeighbours

Marks = NDArray[np.bool_]
"""bool [n_requests, n_columns]: may this item stand on this slate?"""

BLOCK = 250_000
"""Draws held at once: 2 MB, so that they stay in the cache of the processor."""


def eligible(profiles: Profiles, is_candidate: NDArray[np.bool_], *, exclude_shown: bool) -> Marks:
    """Catalogue items, without the query itself and (option) what the session has already been
    shown.
    """
    marks = np.repeat(is_candidate[None, :], len(profiles), axis=0)
    _mark(marks, profiles.query[:, None], value=False)
    if exclude_shown:
        _mark(marks, profiles.shown, value=False)
    return marks


def visual_nearest(profiles: Profiles, neighbours: VisualNeighbours, n_columns: int) -> Marks:
    """The visual nearest of each profile item."""
    marks = np.zeros((len(profiles), n_columns), dtype=np.bool_)
    row, place = np.nonzero(profiles.items >= 0)
    lists = neighbours.of(profiles.items[row, place])
    marks[row[:, None], np.maximum(lists, 0)] = True
    if lists.min(initial=0) < 0:  # a list that is short pads with -1, which stood for item 0 above
        marks[:, 0] = False
        short_row, _ = np.nonzero(lists == 0)
        marks[row[short_row], 0] = True
    return marks


def cointeracted(profiles: Profiles, counts: Counts, n_columns: int) -> Marks:
    """The items that were acted on beside a profile item."""
    marks = np.zeros((len(profiles), n_columns), dtype=np.bool_)
    row, place = np.nonzero(profiles.items >= 0)
    item = profiles.items[row, place].astype(np.int64)
    low, high = (np.searchsorted(counts.acted_key, edge * counts.n) for edge in (item, item + 1))
    pair, position = expand(low, high)
    marks[row[pair], counts.acted_key[position] - item[pair] * counts.n] = True
    return marks


def lowest_draws(allowed: Marks, address: Draws, k: int) -> Marks:
    """At least the k allowed items of each row with the lowest draws: where nothing else is known,
    these will rank.

    address: of each request, see ranking.mixed. How many more than k are marked depends on the row
    alone.
    """
    n_rows, n_columns = allowed.shape
    marks = np.zeros(allowed.shape, dtype=np.bool_)
    item = np.arange(n_columns, dtype=np.int32)
    step = max(1, BLOCK // max(1, n_columns))
    for begin in range(0, n_rows, step):
        part = slice(begin, begin + step)
        n_allowed = np.maximum(np.count_nonzero(allowed[part], axis=1), 1)
        share = np.minimum((3 * k + 20) / n_allowed, 1.0)
        limit = np.minimum(share * 2.0**64, 2.0**64 - 2048).astype(np.uint64)
        marks[part] = addressed(address[part, None], item[None, :]) <= limit[:, None]
        marks[part] &= allowed[part]
    too_few = np.count_nonzero(marks, axis=1) < k
    marks[too_few] = allowed[too_few]
    return marks


def listed(marks: Marks) -> NDArray[np.int32]:
    """Marked items of each row in rising order: int32 [n_requests, most], -1 = padding."""
    n_rows, n_columns = marks.shape
    row, item = np.divmod(np.flatnonzero(marks), max(1, n_columns))
    return lists_of(row, item, n_rows)


def lists_of(row: NDArray[np.int64], item: NDArray[np.integer], n_rows: int) -> NDArray[np.int32]:
    """The items of each row, both [n], rows sorted: int32 [n_rows, most], -1 = padding."""
    width = int(np.bincount(row, minlength=1).max())
    lists: NDArray[np.int32] = padded(row, item.astype(np.int32), n_rows, width=width, empty=-1)
    return lists


def how_many(marks: Marks) -> NDArray[np.int64]:
    """Marks of each row, int64 [n_requests]; NumPy's count along an axis takes several times as
    long.
    """
    n_rows, n_columns = marks.shape
    ends = np.arange(n_rows + 1) * n_columns
    return np.asarray(np.diff(np.searchsorted(np.flatnonzero(marks), ends)))


def _mark(marks: Marks, items: NDArray[np.int32], *, value: bool) -> None:
    """Set the marks of items int32 [n_rows, any]; padding and queries lie outside the columns."""
    row, place = np.nonzero((items >= 0) & (items < marks.shape[1]))
    marks[row, items[row, place]] = value
