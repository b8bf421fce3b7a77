"""Which sessions of a log train, and which are asked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.errors import DataError, UsageError
from recommender.session_log import sessions
from simulator.logs.log_arrays import LogArrays
from simulator.logs.reading.arrays.mixing import mixed

Flags = NDArray[np.bool_]
ASKED = 10
"""One session in so many is asked where time cannot tell which are later."""
_ADDRESS = 15


@dataclass(frozen=True)
class LogSplit:
    """at: seconds; is_training bool [n_sessions]."""

    at: float
    is_training: Flags
    is_drawn: bool = False
    """All sessions start at one time, so the ones that are asked were drawn."""


def split(read: LogArrays, split_at: float | None) -> LogSplit:
    """Sessions that start before `split_at` (default: the 90 % quantile of session starts) train.

    Raises UsageError when a time that somebody gave leaves nothing to train with or to ask,
    DataError when the log itself does.
    """
    starts = read.log.starts()
    known = np.isfinite(starts)
    if not known.any():
        raise DataError(f"{read.notes.file}: wanted events that name an item, found none")
    if known.sum() < 2:
        raise DataError(f"{read.notes.file}: wanted two sessions or more, found one")
    if split_at is None:
        return _asking(read, _by_default(starts, known), starts[known], DataError)
    if not math.isfinite(split_at):
        raise UsageError(f"--split-at must be a number of seconds, found {split_at}")
    return _asking(read, LogSplit(split_at, known & (starts < split_at)), starts[known], UsageError)


def _by_default(starts: NDArray[np.float64], known: Flags) -> LogSplit:
    """The quantile; where nothing lies before it the next later start, and without one a draw."""
    at = sessions.default_split(starts)
    if (starts[known] < at).any():
        return LogSplit(at, known & (starts < at))
    later = starts[known & (starts > at)]
    if len(later):
        return LogSplit(float(later.min()), known & (starts < later.min()))
    number = np.flatnonzero(known)  # it follows from names alone, as all start at once
    lot = mixed(number.astype(np.uint64), np.full(len(number), _ADDRESS, np.uint64))
    asked = number[np.argsort(lot)[: max(len(number) // ASKED, 1)]]
    is_training = known.copy()
    is_training[asked] = False
    return LogSplit(at, is_training, is_drawn=True)


def _asking(
    read: LogArrays,
    found: LogSplit,
    starts: NDArray[np.float64],
    error: type[DataError | UsageError],
) -> LogSplit:
    """The split; an error of its kind when it leaves nothing."""
    span = f"sessions start from {starts.min():.15g} to {starts.max():.15g}"
    if not found.is_training.any():
        raise error(
            f"no session starts before {found.at:.15g}, so none trains; {span}; choose another"
            " --split-at"
        )
    if not len(sessions.cases(read.log, ~found.is_training)):
        raise error(
            f"no session that starts at {found.at:.15g} or later has two distinct items, so there"
            f" is nothing to ask; {span}; choose another --split-at"
        )
    return found


def told(found: LogSplit, n_tuned_on: int) -> list[str]:
    """What of the protocol could not be as usual."""
    lines = []
    if found.is_drawn:
        lines.append(
            f"all sessions start at one time: one in {ASKED} was drawn to be asked, the others"
            " train"
        )
    if not n_tuned_on:
        lines.append(
            "no training session comes later than others and holds two items: measures keep their"
            " defaults, and cf is the first of them"
        )
    return lines
