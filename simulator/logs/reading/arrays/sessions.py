"""Cuts what one shopper did into sessions where she paused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulator.logs.reading.arrays.events import Names

Longs = NDArray[np.int64]


def owners(shopper: Names, session: Names) -> Longs:
    """A number for each pair of shopper and session, int64 [n]; the numbers have gaps."""
    width = len(session.words) + 1
    return (shopper.codes.astype(np.int64) + 1) * width + session.codes + 1


def cut(shopper: Names, session: Names, time: NDArray[np.float64], gap: float) -> Names:
    """Sessions that end where the next event comes more than `gap` seconds later.

    Those that the log gives keep their name, and what follows a pause in one is named after it:
    `7`, `7#2`. Where it gives none, they are counted by shopper.
    """
    owner = owners(shopper, session)
    order = np.lexsort((time, owner))
    sorted_owner = owner[order]
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = sorted_owner[1:] != sorted_owner[:-1]
    begins = is_first.copy()
    begins[1:] |= np.diff(time[order]) > gap
    count = np.cumsum(begins)
    begun = np.maximum.accumulate(np.where(is_first, count, 0))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = count - begun + 1
    if not len(session.words):
        found, codes = np.unique(number, return_inverse=True)
        return Names(codes.astype(np.int32), pa.array([str(one) for one in found.tolist()]))
    return _numbered(session, number)


def _numbered(session: Names, number: Longs) -> Names:
    """Each name with its number, from the second on."""
    most = int(number.max(initial=1)) + 1
    pairs, codes = np.unique((session.codes.astype(np.int64)) * most + number, return_inverse=True)
    known = session.texts()
    words = [
        known[pair // most] if pair % most == 1 else f"{known[pair // most]}#{pair % most}"
        for pair in pairs.tolist()
    ]
    if len(set(words)) < len(words):  # somebody's own name ends in #2
        words = [f"{word}~{place}" for place, word in enumerate(words)]
    return Names(codes.astype(np.int32), pa.array(words))
