"""Item-item measures: how much an item of the profile speaks for another, and slates by the sum of
that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.session_log.pairs import Floats, Matrix, PairCounts
from recommender.session_log.sessions import Cases, Items, Longs

Settings = Mapping[str, float]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class ItemItemMeasure:
    """One way to weigh pairs of items."""

    says: str
    """What it weighs, in words."""

    weights: Callable[[PairCounts, Longs, Settings], Matrix]
    """Of the rows asked for."""

    grid: Mapping[str, Sequence[float]]
    """Values of each setting to try; tuning starts from the first."""

    only_latest: bool = False
    """Whether only the profile's latest item speaks, not the sum over all."""


def _cosine(pairs: PairCounts, rows: Longs, settings: Settings) -> Matrix:
    """N_ij / sqrt(n_i n_j), shrunk by n_ij / (n_ij + shrink)."""
    part = _rows(pairs.together, rows)
    return _scaled(
        part, np.maximum(pairs.n[rows], 1e-9) ** -0.5, pairs.n, 0.5, _shrunk(part, settings)
    )


def _tfidf(pairs: PairCounts, rows: Longs, settings: Settings) -> Matrix:
    """The cosine with sessions weighed by log(items / (1 + length)), as implicit's
    TFIDFRecommender.
    """
    part = _rows(pairs.together_idf, rows)
    root = np.maximum(pairs.n_idf[rows], 1e-9) ** -0.5
    return _scaled(part, root, pairs.n_idf, 0.5, _shrunk(part, settings))


def _bm25(pairs: PairCounts, rows: Longs, settings: Settings) -> Matrix:
    """Okapi BM25 with items as documents, as implicit's BM25Recommender: K1, B."""
    part = _rows(pairs.together_idf, rows)
    k1 = settings["k1"]
    b = settings["b"]
    mean = pairs.n.sum() / max(np.count_nonzero(pairs.n), 1) or 1.0
    factor = (k1 + 1) / (k1 * (1 - b + b * pairs.n / mean) + 1)
    part.data = part.data * factor[part.indices]
    return _scaled(part, factor[rows], pairs.n, 0.0)


def _conditional(pairs: PairCounts, rows: Longs, settings: Settings) -> Matrix:
    """The share of the sessions with i that hold j, damped: n_ij / (n_i + damping)."""
    return _scaled(
        _rows(pairs.together, rows), 1 / (pairs.n[rows] + settings["damping"]), pairs.n, 0.0
    )


def _lift(pairs: PairCounts, rows: Longs, settings: Settings) -> Matrix:
    """The damped conditional share over the popularity of j to a power: 1 is the lift."""
    part = _rows(pairs.together, rows)
    return _scaled(part, 1 / (pairs.n[rows] + settings["damping"]), pairs.n, settings["power"])


def _after(pairs: PairCounts, rows: Longs, settings: Settings) -> Matrix:
    """Like the lift, from the sessions in which j came after i."""
    part = _rows(pairs.forward, rows)
    return _scaled(part, 1 / (pairs.n[rows] + settings["damping"]), pairs.n, settings["power"])


def _next(pairs: PairCounts, rows: Longs, settings: Settings) -> Matrix:
    """How often j came right after i; where that is not known, later ones count a little."""
    part = _rows(pairs.next, rows).astype(np.float64)
    part += settings["later"] * _rows(pairs.forward, rows).astype(np.float64)
    return _scaled(part.tocsr(), 1 / np.maximum(pairs.n[rows], 1), pairs.n, settings["power"])


NEIGHBOURS = (200.0, 50.0, 1000.0)
DAMPINGS = (5.0, 1.0, 30.0)
POWERS = (0.5, 0.0, 0.25, 0.75, 1.0)

MEASURES: Mapping[str, ItemItemMeasure] = MappingProxyType(
    {
        "cosine": ItemItemMeasure(
            "sessions with both over the root of the product of theirs",
            _cosine,
            {"shrink": (0.0, 3.0, 10.0), "neighbours": NEIGHBOURS},
        ),
        "tf-idf": ItemItemMeasure(
            "the cosine, long sessions weighing less",
            _tfidf,
            {"shrink": (0.0, 10.0, 50.0), "neighbours": NEIGHBOURS},
        ),
        "bm25": ItemItemMeasure(
            "Okapi BM25 with items as documents",
            _bm25,
            {"k1": (100.0, 1.2, 10.0), "b": (0.5, 0.8, 1.0), "neighbours": NEIGHBOURS},
        ),
        "conditional": ItemItemMeasure(
            "the share of the sessions with one that hold the other",
            _conditional,
            {"damping": DAMPINGS, "neighbours": NEIGHBOURS},
        ),
        "lift": ItemItemMeasure(
            "that share, over the other's popularity to a power",
            _lift,
            {"power": POWERS, "damping": DAMPINGS, "neighbours": NEIGHBOURS},
        ),
        "after": ItemItemMeasure(
            "the same, counting only sessions in which the other came later",
            _after,
            {"power": (0.25, 0.0, 0.5, 0.75), "damping": DAMPINGS, "neighbours": NEIGHBOURS},
        ),
        "next": ItemItemMeasure(
            "what came right after the profile's latest item",
            _next,
            {"power": (0.0, 0.25, 0.5), "later": (0.1, 0.3), "neighbours": NEIGHBOURS},
            only_latest=True,
        ),
    }
)


def slates(
    name: str,
    settings: Settings,
    pairs: PairCounts,
    asked: Cases,
    *,
    popularity: Longs,
    is_sold: Flags,
    k: int,
) -> Items:
    """The k items with the greatest sum of weights over the profile, int32 [n_cases, k], -1 = none
    left.

    Never an item of the profile. Ties, and places that no weight fills, go by popularity int64
    [n_items], then item number. is_sold: bool [n_items], what may be shown at all.
    """
    measure = MEASURES[name]
    source = asked.latest if measure.only_latest else asked.items
    case = np.arange(len(asked)) if measure.only_latest else asked.case
    rows, column = np.unique(source.astype(np.int64), return_inverse=True)
    weights = table(name, settings, pairs, rows)
    shape = (len(asked), len(rows))
    profile: Matrix = sparse.csr_matrix((np.ones(len(case)), (case, column)), shape=shape)
    order = popularity_order(popularity, is_sold)
    found = np.full((len(asked), k), -1, dtype=np.int32)
    for begin in range(0, len(asked), BLOCK):
        part = slice(begin, min(begin + BLOCK, len(asked)))
        block = asked.only(np.arange(part.start, part.stop))
        found[part] = _best((profile[part] @ weights).tocsr(), block, order, k)
    return found


BLOCK = 2_000
"""Cases scored at once; results do not depend on it."""


def popular_slates(asked: Cases, *, popularity: Longs, is_sold: Flags, k: int) -> Items:
    """The k most popular items that are not in the profile, int32 [n_cases, k]."""
    nothing: Any = sparse.csr_matrix((np.zeros(0), ([], [])), shape=(len(asked), len(popularity)))
    return _best(nothing, asked, popularity_order(popularity, is_sold), k)


@dataclass(frozen=True)
class Order:
    """What may be shown, the most popular first."""

    items: Items
    """int32 [n_sold]."""
    rank: Longs
    """int64 [n_items], -1: not sold."""


def popularity_order(popularity: Longs, is_sold: Flags) -> Order:
    """By popularity, then item number."""
    sold = np.flatnonzero(is_sold)
    items = sold[np.argsort(-popularity[sold], kind="stable")].astype(np.int32)
    rank = np.full(len(popularity), -1, dtype=np.int64)
    rank[items] = np.arange(len(items))
    return Order(items, rank)


def table(name: str, settings: Settings, pairs: PairCounts, rows: Longs) -> Matrix:
    """The strongest weights of some items, as many as settings["neighbours"]: CSR [n_rows,
    n_items].

    Rows are weighed in blocks of about as many sessions, side by side; results do not depend on it.
    """
    most = int(settings["neighbours"])
    filled = np.cumsum(pairs.n[rows])
    cuts = np.searchsorted(filled, np.linspace(0, filled[-1] if len(rows) else 0, BLOCKS + 1)[1:-1])
    edges = [0, *cuts.tolist(), len(rows)]
    weights = MEASURES[name].weights

    def of(begin: int, end: int) -> Matrix:
        return strongest(weights(pairs, rows[begin:end], settings), most)

    of(0, 0)  # what is counted when it is first asked for is counted here, not in every thread
    with ThreadPoolExecutor(THREADS) as threads:
        parts = list(threads.map(of, edges[:-1], edges[1:]))
    return sparse.vstack(parts, format="csr")


BLOCKS = 16
THREADS = 2


def strongest(weights: Matrix, most: int, by: NDArray[Any] | None = None) -> Matrix:
    """Each row's greatest weights: at most so many, ties by the earlier column; by: another key,
    [nnz].
    """
    kept = _strongest(weights.data if by is None else by, weights.indptr, most)
    indptr = np.searchsorted(kept, weights.indptr)
    return sparse.csr_matrix(
        (weights.data[kept], weights.indices[kept], indptr), shape=weights.shape
    )


def _strongest(key: NDArray[Any], indptr: NDArray[Any], most: int) -> Longs:
    """Places of the greatest keys of each row, at most so many a row, among equal ones the
    earlier.
    """
    lengths = np.diff(indptr)
    least = np.full(len(lengths), -np.inf)
    for rows, width in _alike(lengths, most):
        column = np.arange(width)
        cell = key[np.minimum(indptr[rows][:, None] + column, len(key) - 1)]
        cell[column >= lengths[rows][:, None]] = -np.inf
        least[rows] = np.partition(cell, width - most, axis=1)[:, width - most]
    kept = np.flatnonzero(key >= np.repeat(least, lengths))
    row = np.searchsorted(indptr, kept, side="right") - 1
    n_kept = np.bincount(row, minlength=len(lengths))
    crowded = np.flatnonzero(n_kept[row] > most)
    tied = crowded[key[kept[crowded]] == least[row[crowded]]]
    allowed = np.bincount(row[tied], minlength=len(lengths)) - np.maximum(n_kept - most, 0)
    place = np.arange(len(tied)) - np.searchsorted(row[tied], row[tied])
    return np.delete(kept, tied[place >= allowed[row[tied]]])


def _alike(lengths: NDArray[Any], most: int) -> Iterator[tuple[Longs, int]]:
    """Rows longer than `most` in groups of about the same length that fit into RECTANGLE, and their
    width.
    """
    rows = np.flatnonzero(lengths > most)
    rows = rows[np.argsort(lengths[rows], kind="stable")]
    sizes = lengths[rows]
    begin = 0
    while begin < len(rows):
        end = int(np.searchsorted(sizes, sizes[begin] * 1.3, side="right"))
        end = min(end, begin + max(1, RECTANGLE // int(sizes[end - 1])))
        yield rows[begin:end], int(sizes[end - 1])
        begin = end


RECTANGLE = 400_000
"""Cells partitioned at once; results do not depend on it."""


def is_top(values: NDArray[Any], most: int) -> Flags:
    """Marks of the greatest values, exactly `most` of them; among equal ones the earlier."""
    least = np.partition(values, len(values) - most)[len(values) - most]
    marks: Flags = values > least
    ties = np.flatnonzero(values == least)
    marks[ties[: most - np.count_nonzero(marks)]] = True
    return marks


def best_of(row: Longs, item: Items, score: Floats, *, n_rows: int, order: Order, k: int) -> Items:
    """The k best of distinct candidates in a row, ties by popularity: int32 [n_rows, k], -1: none
    left.
    """
    place = np.lexsort((order.rank[item], -score, row))
    row = row[place]
    item = item[place]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    found = np.full((n_rows, k), -1, dtype=np.int32)
    kept = rank < k
    found[row[kept], rank[kept]] = item[kept]
    return found


def _best(scores: Matrix, asked: Cases, order: Order, k: int) -> Items:
    """The best of scores [n_cases, n_items], filled up with what is popular."""
    reach = np.diff(asked.first) + k  # so that k are left without the profile
    rows = []
    items = []
    values = []
    for case in range(len(asked)):
        part = slice(scores.indptr[case], scores.indptr[case + 1])
        # In single precision sums that are equal but for the order of their parts tie.
        item = scores.indices[part]
        value = scores.data[part].astype(np.float32)
        if len(value) > reach[case]:
            top = value >= np.partition(value, len(value) - reach[case])[len(value) - reach[case]]
            item = item[top]
            value = value[top]
        popular = order.items[: reach[case]]
        rows.append(np.full(len(item) + len(popular), case))
        items += [item, popular]
        values += [value, np.full(len(popular), -1.0)]
    row = np.concatenate(rows)
    item = np.concatenate(items).astype(np.int32)
    return _without_profile(row, item, np.concatenate(values), asked=asked, order=order, k=k)


def _without_profile(
    row: Longs, item: Items, score: Floats, *, asked: Cases, order: Order, k: int
) -> Items:
    """The k best; an item that stands twice in a row counts with its greater score."""
    n_items = len(order.rank)
    key = row * n_items + item
    by_score = np.lexsort((-score, key))
    first = by_score[np.append(True, np.diff(key[by_score]) > 0)[: len(by_score)]]
    allowed = (order.rank[item[first]] >= 0) & ~np.isin(
        key[first], asked.case * n_items + asked.items
    )
    first = first[allowed]
    return best_of(row[first], item[first], score[first], n_rows=len(asked), order=order, k=k)


def _shrunk(part: Matrix, settings: Settings) -> Floats | float:
    """What is left of each cell's weight."""
    shrink = settings["shrink"]
    count = part.data.astype(np.float64)
    return count / (count + shrink) if shrink else 1.0


def _rows(matrix: Matrix, rows: Longs) -> Matrix:
    return matrix[rows]


def _scaled(
    part: Matrix, row_factor: Floats, n: Floats, power: float, also: Floats | float = 1.0
) -> Matrix:
    """Cells times the row's factor, over the column's n to a power."""
    factor = np.repeat(row_factor, np.diff(part.indptr))
    if power:
        factor *= (np.maximum(n, 1e-9) ** -power)[part.indices]
    part.data = part.data * factor
    if not isinstance(also, float):
        part.data *= also
    return part
