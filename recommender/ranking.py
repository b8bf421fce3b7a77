"""The one ranking of all policies, which knows none: scores to the k best, ties by an addressed
draw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SLATE = np.dtype(
    [
        ("item", "<i4"),  # item number, -1 = padding
        ("score", "<f8"),  # rounded to DECIMALS
        ("visual", "<f8"),  # what the pictures say, NaN if the policy does not look
        ("behavioural", "<f8"),  # what earlier shoppers did, NaN if there is no evidence
        ("evidence", "<f8"),  # share of the score that rests on behaviour, 0 to 1
        ("support", "<f8"),  # examinations behind it
        # Log-odds beyond the base rate, which add up to those of the score; NaN where it is no such
        # sum:
        ("looks", "<f4"),  # what the picture adds
        ("others", "<f4"),  # what all shoppers did with the item, and with it beside this query
        ("taste", "<f4"),  # what this shopper liked before
        ("welcome", "<f4"),  # that it is new
    ]
)

REASONS = ("visual", "behavioural", "evidence", "support", "looks", "others", "taste", "welcome")
"""The fields of SLATE that explain the score."""

DECIMALS = 6
"""Scores that agree to this many decimals are ties."""

_GOLDEN = 0x9E3779B97F4A7C15
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))

Draws = NDArray[np.uint64]


def top_k(
    candidates: NDArray[np.int32],
    scores: NDArray[np.float64],
    *,
    k: int,
    session: NDArray[np.int64],
    step: NDArray[np.int16],
    seed: int,
) -> NDArray[np.int64]:
    """Columns of the k best candidates of each row, best first: int64 [n_rows, k], -1 where there
    are too few.

    candidates: int32 [n_rows, n_candidates], distinct in a row, -1 = padding; scores: float64, same
    shape, finite. Order: score rounded to 6 decimals, then a draw addressed by (seed, session,
    step, item), then item number.
    """
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
    key = np.rint(scores * 10.0**DECIMALS)
    key[candidates < 0] = -np.inf
    row, column, floor = _contenders(key, k)
    address = mixed(seed, session, step)
    draw = addressed(address[row], candidates[row, column])
    row, column, draw = _thinned(row, column, key[row, column] > floor[row], draw, k)
    order = np.lexsort((candidates[row, column], draw, -key[row, column], row))
    row = row[order]
    column = column[order]
    place = np.arange(len(row)) - np.searchsorted(row, np.arange(len(key)))[row]
    best = np.full((len(key), k), -1, dtype=np.int64)
    kept = place < k
    best[row[kept], place[kept]] = column[kept]
    return best


def mixed(seed: int, session: NDArray[np.int64], step: NDArray[np.int16]) -> Draws:
    """One address uint64 [n_rows] of each request."""
    state = np.full(len(session), seed & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)
    for part in (session, step):
        state = _finalised(state + np.uint64(_GOLDEN)) ^ part.astype(np.uint64)
    return _finalised(state + np.uint64(_GOLDEN))


def addressed(address: Draws, item: NDArray[np.int32]) -> Draws:
    """The draw uint64 of an item at an address (SplitMix64's finaliser: Steele, Lea, Flood
    2014).
    """
    return _finalised(address + (item.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN))


def _finalised(state: Draws) -> Draws:
    for shift, factor in _MIX:
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    return state ^ (state >> np.uint64(31))


def _contenders(
    key: NDArray[np.float64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Row and column of every candidate that reaches the k-th greatest key of its row, and that
    key.
    """
    n_rows, n_columns = key.shape
    if n_columns > k:
        floor = np.partition(key, n_columns - k, axis=1)[:, n_columns - k]
    else:
        floor = np.full(n_rows, -np.inf)
    flat = np.flatnonzero((key >= floor[:, None]) & (key > -np.inf))
    row, column = np.divmod(flat, max(1, n_columns))
    return row, column, floor


def _thinned(
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    is_above: NDArray[np.bool_],
    draw: Draws,
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], Draws]:
    """Without most of the ties that cannot get in: where thousands tie, sorting them would cost
    most.
    """
    n_rows = int(row[-1]) + 1 if len(row) else 0
    first = np.searchsorted(row, np.arange(n_rows + 1))
    lengths = np.diff(first)
    width = int(lengths.max(initial=0))
    if width <= 4 * k:
        return row, column, draw
    place = np.arange(len(row)) - first[row]
    # The candidates above the k-th key are fewer than k; draw 0 lets them pass beside the k
    # smallest draws.
    draws = np.full((n_rows, width), np.iinfo(np.uint64).max, dtype=np.uint64)
    draws[row, place] = np.where(is_above, np.uint64(0), draw)
    limit = np.partition(draws, k - 1, axis=1)[:, k - 1]
    kept = draws[row, place] <= limit[row]
    return row[kept], column[kept], draw[kept]
