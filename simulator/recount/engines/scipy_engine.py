"""The reference: our own profiles, added up as a sparse matrix of SciPy, all in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import sparse

from db.events import EVENT, Kind
from recommender.profile import REQUEST, Profiles, build_profiles
from recommender.scoring.cointeraction import increments
from simulator.recount import tables
from simulator.recount.cells import Cells, Longs
from simulator.recount.engines.engine import Means
from simulator.recount.question import ACTS, Question, SlateQuestion, VisitQuestion

CODES = {kind.name.lower(): int(kind) for kind in Kind}
BLOCK = 200_000
"""Slates whose pairs are made at once."""


class ScipyEngine:
    """Counts in this process."""

    title = "SciPy"
    version: str = scipy.__version__

    def count(self, question: Question) -> Cells:
        """The answer."""
        if isinstance(question, VisitQuestion):
            return _visits(question)
        return _slates(question)

    def close(self) -> None:
        """Nothing is held."""


def opened(means: Means) -> ScipyEngine:
    """The engine; it takes the memory that it takes."""
    del means
    return ScipyEngine()


def as_folded(question: SlateQuestion) -> Cells:
    """The same answer by the counting of our own folds, to be compared and measured beside."""
    profiles, shown, acted, weights = _read_profiles(question)
    counts = increments(profiles.items, shown, acted, weights, n=question.n)
    return Cells.of(counts.n, counts.key, counts.shown, counts.acted)


def _slates(question: SlateQuestion) -> Cells:
    profiles, shown, acted, weights = _read_profiles(question)
    total = _nothing(question.n)
    for begin in range(0, len(shown), BLOCK):
        block = slice(begin, begin + BLOCK)
        for items in profiles.items[block].T:
            total = total + _beside(items, shown[block], acted[block], weights, question.n)
    return _cells(total, question.n)


def _read_profiles(
    question: SlateQuestion,
) -> tuple[Profiles, NDArray[np.int32], NDArray[np.bool_], Longs]:
    rows, shown, acted = _read_slates(question)
    impressions = rows[rows["kind"] == Kind.IMPRESSION]
    requests = np.zeros(len(impressions), REQUEST)
    for name in ("session", "step", "query"):
        requests[name] = impressions[name]
    profiles = build_profiles(requests, rows, shown, codes=CODES, config=question.profile)
    weights = tables.read(question.folder, "weights")["weight"].astype(np.int64)
    return profiles, shown, acted, weights


def _read_slates(
    question: SlateQuestion,
) -> tuple[NDArray[np.void], NDArray[np.int32], NDArray[np.bool_]]:
    columns = tables.read(question.folder, "events")
    rows = np.zeros(len(columns["session"]), EVENT)
    for name, column in columns.items():
        rows[name] = column
    rows = rows[np.lexsort((rows["ordinal"], rows["session"]))]
    impressions = rows[rows["kind"] == Kind.IMPRESSION]
    of = _places(impressions["session"], impressions["ordinal"])
    showings = tables.read(question.folder, "showings")
    k = len(tables.read(question.folder, "weights")["weight"])
    shown = np.full((len(impressions), k), -1, np.int32)
    slate = np.searchsorted(of, _places(showings["session"], showings["ordinal"]))
    shown[slate, showings["position"] - 1] = showings["item"]
    acts = rows[np.isin(rows["kind"], ACTS) & (rows["impression"] >= 0)]
    acted = np.zeros(shown.shape, np.bool_)
    slate = np.searchsorted(of, _places(acts["session"], acts["impression"]))
    acted[slate, acts["position"] - 1] = True
    return rows, shown, acted


def _places(session: Longs, ordinal: NDArray[np.int32]) -> Longs:
    return (session << 20) + ordinal


def _beside(
    items: NDArray[np.int32],
    shown: NDArray[np.int32],
    acted: NDArray[np.bool_],
    weights: Longs,
    n: int,
) -> sparse.csr_array:
    """One place of the profiles [n_slates] beside all that was shown: shown, then acted, side by
    side.
    """
    i = np.broadcast_to(items[:, None], shown.shape)
    counts = (i >= 0) & (shown >= 0) & (i != shown)
    weight = np.broadcast_to(weights, shown.shape)[counts]
    row, column = i[counts], shown[counts].astype(np.int64)
    values = np.concatenate([weight, acted[counts].astype(np.int64)])
    place = (np.concatenate([row, row]), np.concatenate([column, column + n]))
    return sparse.csr_array((values, place), shape=(n, 2 * n))


def _visits(question: VisitQuestion) -> Cells:
    columns = tables.read(question.folder, "events")
    order = np.argsort(columns["place"], kind="stable")
    session, item = columns["session"][order], columns["item"][order].astype(np.int64)
    first = np.unique(session * question.n + item, return_index=True)[1]
    first = first[np.lexsort((first, session[first]))]
    total = _nothing(question.n)
    for gap, one, other in _gaps(session[first], item[first], question.window):
        values = np.ones(len(one) * (1 + (gap == 1)), np.int64)
        row, column = one, other
        if gap == 1:
            row, column = np.concatenate([one, one]), np.concatenate([other, other + question.n])
        total = total + sparse.csr_array((values, (row, column)), shape=total.shape)
    return _cells(total, question.n)


def _gaps(session: Longs, item: Longs, window: int) -> Iterator[tuple[int, Longs, Longs]]:
    """Pairs of one session so far apart; gap by gap as far as any session goes."""
    for gap in range(1, window + 1):
        is_pair = session[gap:] == session[:-gap]
        if not is_pair.any():
            return
        yield gap, item[:-gap][is_pair], item[gap:][is_pair]


def _nothing(n: int) -> sparse.csr_array:
    return sparse.csr_array((n, 2 * n), dtype=np.int64)


def _cells(total: sparse.csr_array, n: int) -> Cells:
    """What is in the left half, beside what is at the same place of the right one."""
    total.sum_duplicates()
    halves = total.tocoo()
    row, column = (axis.astype(np.int64) for axis in halves.coords)
    is_left = column < n
    key = row[is_left] * n + column[is_left]
    order = np.argsort(key)
    other = np.zeros(len(key), np.int64)
    right = row[~is_left] * n + column[~is_left] - n
    other[np.searchsorted(key[order], right)] = halves.data[~is_left]
    return Cells.of(n, key[order], halves.data[is_left][order], other)
