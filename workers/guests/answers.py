"""From what a guest said to the slate that is shown: bad places are counted, and filled by lot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.candidates import eligible
from recommender.config import RecommenderConfig
from recommender.policies import by_lot, padding
from recommender.profile import Profiles
from recommender.ranking import DECIMALS
from workers.guests.door import GuestAnswer

FAULTS = (
    "late",
    "died",
    "raised",
    "wrong shape",
    "no number",
    "unknown item",
    "not to be shown",
    "twice",
    "too few",
)
"""What can be wrong with an answer; the first five with all of a batch or a place of it."""

LATE, DIED, RAISED, WRONG_SHAPE, NO_NUMBER, UNKNOWN, FORBIDDEN, TWICE, TOO_FEW = range(len(FAULTS))

NO_ITEM = -(2**53)
"""Stands for what was no number."""

Entries = NDArray[Any]
"""ranking.SLATE, [n, k]."""


@dataclass(frozen=True)
class Answered:
    """Slates that can be shown, and what was wrong with what the guest said."""

    entries: Entries
    """SLATE [n, k]; no score where a place was filled by lot."""
    faults: NDArray[np.int64]
    """int64 [n, len(FAULTS)]: places of each request with each fault."""
    reasons: list[list[str]] | None = None
    """The guest's own words, by place; empty where it was filled."""
    propensities: NDArray[np.float64] | None = None
    """float64 [n, k], NaN where a place was filled."""


def completed(
    answer: GuestAnswer | str,
    profiles: Profiles,
    is_candidate: NDArray[np.bool_],
    *,
    config: RecommenderConfig,
    seed: int,
) -> Answered:
    """Slates of an answer, or of none, when it says which fault that was.

    is_candidate: bool [n_items or more]: what is sold. Places without a good item are filled with
    the allowed items of the lowest addressed draws.
    """
    k = config.slate_size
    n = len(profiles)
    allowed = eligible(profiles, is_candidate, exclude_shown=config.exclude_shown)
    faults = np.zeros((n, len(FAULTS)), np.int64)
    items, scores = _given(answer, n, k, faults)
    good = _good(items, allowed, faults)
    order = np.argsort(~good, axis=1, kind="stable")
    kept = np.take_along_axis(np.where(good, items, -1), order, axis=1).astype(np.int32)
    entries = padding(n, k)
    entries["item"] = kept
    if scores is not None:
        ordered = np.take_along_axis(np.where(good, scores, np.nan), order, axis=1)
        entries["score"] = np.round(ordered, DECIMALS)
    entries["evidence"] = entries["support"] = np.where(kept >= 0, 0.0, np.nan)
    _fill(entries, allowed, profiles, k=k, seed=seed)
    told = answer if isinstance(answer, GuestAnswer) else GuestAnswer(None)
    return Answered(entries, faults, _reasons(told, order, good), _propensities(told, order, good))


def _given(
    answer: GuestAnswer | str, n: int, k: int, faults: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    """Items int64 [n, k], -1 where none is given, and scores; what is wrong as a whole is noted."""
    nothing = np.full((n, k), -1, np.int64)
    if isinstance(answer, str):
        faults[:, FAULTS.index(answer)] = k
        return nothing, None
    items = answer.items
    if items is None or items.ndim != 2 or len(items) != n or items.dtype == np.bool_:
        faults[:, WRONG_SHAPE] = k
        return nothing, None
    if items.dtype.kind == "f":
        is_number = np.isfinite(items) & (items == np.floor(items)) & (np.abs(items) < 2**53)
        faults[:, NO_NUMBER] = (~is_number)[:, :k].sum(axis=1)
        items = np.where(is_number, items, NO_ITEM)
    width = min(k, items.shape[1])
    found = nothing
    found[:, :width] = items[:, :width]
    faults[:, TOO_FEW] = (found == -1).sum(axis=1)
    scores = answer.scores
    return found, scores[:, :k] if scores is not None and scores.shape == (n, k) else None


def _good(
    items: NDArray[np.int64], allowed: NDArray[np.bool_], faults: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Bool [n, k]: what may stand where it was put; everything else is noted."""
    n_items = allowed.shape[1]
    is_known = (items >= 0) & (items < n_items)
    may = np.take_along_axis(allowed, np.clip(items, 0, n_items - 1), axis=1)
    order = np.argsort(items, axis=1, kind="stable")
    ordered = np.take_along_axis(items, order, axis=1)
    is_again = np.zeros(items.shape, np.bool_)
    again = np.append(
        np.zeros((len(items), 1), np.bool_), ordered[:, 1:] == ordered[:, :-1], axis=1
    )
    np.put_along_axis(is_again, order, again, axis=1)
    faults[:, UNKNOWN] = (~is_known & (items != -1) & (items != NO_ITEM)).sum(axis=1)
    faults[:, FORBIDDEN] = (is_known & ~may & ~is_again).sum(axis=1)
    faults[:, TWICE] = (is_known & is_again).sum(axis=1)
    good: NDArray[np.bool_] = is_known & may & ~is_again
    return good


def _fill(
    entries: Entries,
    allowed: NDArray[np.bool_],
    profiles: Profiles,
    *,
    k: int,
    seed: int,
) -> None:
    """Put the allowed items of the lowest draws behind what is there already."""
    rows = np.flatnonzero((entries["item"] < 0).any(axis=1))
    if not len(rows):
        return
    free = allowed[rows]
    row, place = np.nonzero(entries["item"][rows] >= 0)
    free[row, entries["item"][rows][row, place]] = False
    drawn = by_lot(profiles[rows], free, k=k, seed=seed)
    n_there = (entries["item"][rows] >= 0).sum(axis=1)
    source = np.arange(k)[None, :] - n_there[:, None]
    fills = np.where(source >= 0, np.take_along_axis(drawn, np.maximum(source, 0), axis=1), -1)
    entries["item"][rows] = np.where(source >= 0, fills, entries["item"][rows])
    is_item = entries["item"][rows] >= 0
    for name in ("evidence", "support"):
        entries[name][rows] = np.where(is_item, 0.0, np.nan)


def _reasons(
    answer: GuestAnswer, order: NDArray[np.int64], good: NDArray[np.bool_]
) -> list[list[str]] | None:
    said = answer.reasons
    if said is None or len(said) != len(order):
        return None
    return [
        [
            row[place] if kept and place < len(row) else ""
            for place, kept in zip(places, keep, strict=True)
        ]
        for row, places, keep in zip(
            said, order.tolist(), np.take_along_axis(good, order, axis=1).tolist(), strict=True
        )
    ]


def _propensities(
    answer: GuestAnswer, order: NDArray[np.int64], good: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    said = answer.propensities
    if said is None or said.shape != good.shape:
        return None
    return np.take_along_axis(np.where(good, said, np.nan), order, axis=1)
