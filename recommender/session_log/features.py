"""Features of a candidate beside a session, from a log's training part, for the choice model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.session_log.itemitem import Flags, Order, is_top, popularity_order, strongest
from recommender.session_log.pairs import Floats, Matrix, PairCounts
from recommender.session_log.sessions import NOBODY, Cases, Items, Longs, Visits

SESSION = (
    *("together", "after", "before", "tf-idf", "latest together", "latest after", "next"),
    *("popularity", "popularity lately", "ends sessions", "comes later", "earlier by", "later by"),
)
"""Features of the session alone, in the order of the columns."""

HISTORY = ("had before", "had how often", "had lately", "like what was had")
"""Features of the shopper's training sessions."""

PICTURES = ("looks alike", "has a picture")

MU = 5.0
"""Sessions' worth of "as popular as anywhere" that a pair's share is damped with."""

ROW = 1_000
"""Partners of an item that are considered, the strongest by count over the root of popularity."""

WIDTH = {
    "tf-idf": 90,
    "after": 70,
    "next": 40,
    "history": 120,
    "like": 30,
    "popular": 30,
    "pictures": 60,
}
"""How many candidates each source may name."""

BLOCK = 500
LATELY = 0.08
"""Half-life of what counts as lately, as a share of the training time."""


@dataclass(frozen=True)
class LogEvidence:
    """All that is known from training sessions."""

    visits: Visits

    pairs: PairCounts

    is_sold: Flags
    """[n_items]: what may be shown."""

    @cached_property
    def order(self) -> Order:
        """Items on sale by popularity in training."""
        return popularity_order(self.visits.popularity(), self.is_sold)

    @cached_property
    def age(self) -> Floats:
        """Weight of each row of visits.items by age: float64, 1 = at the end of training."""
        start = self.visits.start
        span = max(float(np.ptp(start)), 1.0) if len(start) else 1.0
        weight = 0.5 ** ((start.max(initial=-np.inf) - start) / (LATELY * span))
        return np.asarray(np.repeat(weight, self.visits.lengths))

    @cached_property
    def lately(self) -> Floats:
        """Popularity with half-life."""
        return np.asarray(
            np.bincount(self.visits.items, self.age, self.visits.n_items), dtype=np.float64
        )

    def history(self, shoppers: Longs, weight: Floats) -> Matrix:
        """Sum of weights of each shopper's rows: [n_shoppers, n_items]; shoppers sorted,
        distinct.
        """
        of_row = np.repeat(self.visits.shopper, self.visits.lengths)
        place = np.searchsorted(shoppers, of_row)
        np.minimum(place, max(len(shoppers) - 1, 0), out=place)
        known = (
            (shoppers[place] == of_row) & (of_row != NOBODY)
            if len(shoppers)
            else np.zeros(0, np.bool_)
        )
        where = (place[known], self.visits.items[known]) if len(shoppers) else ([], [])
        shape = (len(shoppers), self.visits.n_items)
        return sparse.csr_matrix(
            (weight[known] if len(shoppers) else np.zeros(0), where), shape=shape
        )


@dataclass(frozen=True)
class ItemPictures:
    """Embeddings of the pictures that a log's items have."""

    vectors: NDArray[np.float32]
    """[n_items, dim], unit rows; 0 for items without a picture."""

    has: Flags
    """[n_items]: which items have a picture."""

    def alike(self, asked: Cases) -> NDArray[np.float32]:
        """Mean cosine with the profile's pictures, float32 [n_cases, n_items]; 0 where one has
        none.
        """
        profile = np.zeros((len(asked), self.vectors.shape[1]))
        np.add.at(profile, asked.case, self.vectors[asked.items].astype(np.float64))
        n = np.bincount(asked.case, self.has[asked.items], len(asked))
        profile /= np.maximum(n, 1)[:, None]
        return np.asarray(profile @ self.vectors.T, dtype=np.float32)


@dataclass(frozen=True)
class CandidateTable:
    """Candidates of a block of cases, with their features."""

    asked: Cases

    case: Longs
    """[n], sorted: of each candidate, its case within the block."""

    item: Items
    """[n]: the candidates."""

    features: Floats
    """[n, all columns]."""

    names: tuple[str, ...]
    """Of the columns."""

    named_by: Flags
    """[n, 3]: what names each candidate, of the session, her earlier ones, and the pictures."""

    def reading(self, names: tuple[str, ...]) -> CandidateTable:
        """Some of the columns, and the candidates that are named by what these read.

        A model of the session alone chooses among what the session alone names.
        """
        read = [any(name in names for name in part) for part in (SESSION, HISTORY, PICTURES)]
        row = np.flatnonzero(self.named_by[:, read].any(axis=1))
        column = [self.names.index(name) for name in names]
        return CandidateTable(
            self.asked,
            self.case[row],
            self.item[row],
            self.features[row[:, None], column],
            names,
            self.named_by[row],
        )

    @property
    def is_taken(self) -> Flags:
        """Which candidates are the truth."""
        return np.asarray(self.item == self.asked.truth[self.case])


def candidate_tables(
    known: LogEvidence,
    asked: Cases,
    pictures: ItemPictures | None = None,
    step: Callable[[int], None] = lambda _: None,
) -> Iterator[CandidateTable]:
    """The candidates of all cases with their features, block by block; step: so many cases more are
    done.
    """
    rows = np.unique(np.concatenate([asked.items, asked.latest]).astype(np.int64))
    counted = _Counted.of(known, rows)
    past = _Past.of(known, np.unique(asked.shopper[asked.shopper != NOBODY]))
    for begin in range(0, len(asked), BLOCK):
        block = asked.only(np.arange(begin, min(begin + BLOCK, len(asked))))
        yield _candidate_table(known, block, counted, past, pictures)
        step(len(block))


@dataclass(frozen=True)
class _Counted:
    """Pair counts of the items that stand in a profile, sorted in rows: the strongest partners of
    each.
    """

    rows: Longs
    after: Matrix
    before: Matrix
    tfidf: Matrix
    next: Matrix

    @classmethod
    def of(cls, known: LogEvidence, rows: Longs) -> _Counted:
        pairs = known.pairs
        parts = []
        for matrix, n in (
            (pairs.forward[rows], pairs.n),
            (pairs.forward.T.tocsr()[rows], pairs.n),
            (pairs.together_idf[rows], pairs.n_idf),
            (pairs.next[rows], pairs.n),
        ):
            root = np.sqrt(np.maximum(n, 1e-9))[matrix.indices]
            parts.append(strongest(matrix.astype(np.float64), ROW, matrix.data / root))
        tfidf = parts[2]
        root = np.sqrt(np.maximum(pairs.n_idf, 1e-9))
        tfidf.data = tfidf.data / root[tfidf.indices] / np.repeat(root[rows], np.diff(tfidf.indptr))
        return cls(rows, *parts)


@dataclass(frozen=True)
class _Past:
    """What the asked shoppers had in training, [n_shoppers, n_items], and what is like it."""

    shoppers: Longs
    often: Matrix
    lately: Matrix
    like: Matrix

    @classmethod
    def of(cls, known: LogEvidence, shoppers: Longs) -> _Past:
        visits = known.visits
        pairs = known.pairs
        often = known.history(shoppers, np.ones(len(visits.items)))
        n_visits = np.bincount(
            np.searchsorted(shoppers, visits.shopper[np.isin(visits.shopper, shoppers)]),
            minlength=len(shoppers),
        )
        often.data = often.data / np.repeat(n_visits + 1.0, np.diff(often.indptr))
        lately = known.history(shoppers, known.age)
        wanted = np.unique(often.indices).astype(np.int64)
        root = np.sqrt(np.maximum(pairs.n_idf, 1e-9))
        near = pairs.together_idf[wanted].astype(np.float64)
        near.data = near.data / root[near.indices] / np.repeat(root[wanted], np.diff(near.indptr))
        share = often[:, wanted]
        total = np.asarray(share.sum(axis=1)).ravel()
        share.data = share.data / np.repeat(np.maximum(total, 1e-9), np.diff(share.indptr))
        return cls(shoppers, often, lately, (share @ strongest(near, 50)).tocsr())

    def row(self, matrix: Matrix, shopper: int) -> tuple[Any, Any]:
        """Items and values of a shopper; nothing for one who is not known."""
        place = int(np.searchsorted(self.shoppers, shopper))
        if place == len(self.shoppers) or self.shoppers[place] != shopper:
            return matrix.indices[:0], matrix.data[:0]
        return _row(matrix, place)


def _candidate_table(
    known: LogEvidence, asked: Cases, counted: _Counted, past: _Past, pictures: ItemPictures | None
) -> CandidateTable:
    pairs = known.pairs
    place = np.searchsorted(counted.rows, asked.items)
    n = pairs.n[asked.items]
    shape = (len(asked), len(counted.rows))
    by_share: Matrix = sparse.csr_matrix((1 / (n + MU), (asked.case, place)), shape=shape)
    plain: Matrix = sparse.csr_matrix((np.ones(len(place)), (asked.case, place)), shape=shape)
    sums = (by_share @ counted.after, by_share @ counted.before, plain @ counted.tfidf)
    latest = np.searchsorted(counted.rows, asked.latest)
    alike = None if pictures is None else pictures.alike(asked)
    scratch = np.zeros(pairs.n_items)
    columns: list[list[Floats]] = []
    found: list[Items] = []
    named_by: list[Flags] = []
    for case in range(len(asked)):
        beside = [_row(matrix, case) for matrix in sums]
        beside += [
            _row(matrix, int(latest[case]))
            for matrix in (counted.after, counted.before, counted.next)
        ]
        beside += [
            past.row(matrix, int(asked.shopper[case]))
            for matrix in (past.often, past.lately, past.like)
        ]
        item, by = _candidates(known, asked, case, beside, None if alike is None else alike[case])
        found.append(item)
        named_by.append(by)
        columns.append([_looked_up(scratch, one, item) for one in beside])
        if alike is not None:
            columns[-1].append(alike[case, item].astype(np.float64))
    case_of = np.repeat(np.arange(len(asked)), [len(item) for item in found])
    item = np.concatenate(found)
    raw = [np.concatenate([one[column] for one in columns]) for column in range(len(columns[0]))]
    features = _features(known, asked, case_of, item, raw)
    names: tuple[str, ...] = SESSION + HISTORY
    if pictures is not None:
        features = [*features, raw[-1], pictures.has[item].astype(np.float64)]
        names = names + PICTURES
    return CandidateTable(
        asked, case_of, item, np.stack(features, axis=1), names, np.concatenate(named_by)
    )


def _candidates(
    known: LogEvidence, asked: Cases, case: int, beside: list[tuple[Any, Any]], alike: Any
) -> tuple[Items, Flags]:
    """The union of what each source puts first, without the profile and what is not sold; and
    which of session, history and pictures names each, bool [n, 3].
    """
    profile = asked.items[asked.first[case] : asked.first[case + 1]]
    order = known.order
    after, _, tfidf, _, _, latest, often, _, like = beside
    of_session = [
        _top(*tfidf, WIDTH["tf-idf"]),
        _top(*after, WIDTH["after"]),
        _top(*latest, WIDTH["next"]),
        order.items[: WIDTH["popular"] + len(profile)],
    ]
    of_history = [_top(*often, WIDTH["history"]), _top(*like, WIDTH["like"])]
    looks = [] if alike is None else [_top(order.items, alike[order.items], WIDTH["pictures"])]
    item = np.unique(np.concatenate([*of_session, *of_history, *looks]).astype(np.int32))
    named_by = np.zeros((len(item), 3), dtype=np.bool_)
    for source, parts in enumerate((of_session, of_history, looks)):
        for part in parts:
            named_by[np.searchsorted(item, part), source] = True
    kept = (order.rank[item] >= 0) & ~np.isin(item, profile)
    return item[kept], named_by[kept]


def _features(
    known: LogEvidence, asked: Cases, case: Longs, item: Items, raw: list[Floats]
) -> list[Floats]:
    """SESSION and HISTORY: logarithms of damped shares, so that a weight is a power."""
    pairs = known.pairs
    after, before, tfidf, latest_after, latest_before, following, often, lately, like = raw[:9]
    n_profile = np.diff(asked.first)[case]
    share = (pairs.n[item] + 0.1) / max(pairs.n_sessions, 1)
    left = MU / (pairs.n + MU)  # the part of a damped share that is not counted but supposed
    supposed = np.bincount(asked.case, left[asked.items], len(asked))[case] * share
    at_latest = left[asked.latest][case] * share
    weight = 1 / (pairs.n[asked.latest] + MU)[case]
    furthest = np.full(len(asked), -np.inf)
    np.maximum.at(furthest, asked.case, pairs.place[asked.items])
    apart = pairs.place[item] - furthest[case]
    return [
        np.log((after + before + supposed) / n_profile),
        np.log((after + supposed / 2) / n_profile),
        np.log((before + supposed / 2) / n_profile),
        np.log(tfidf / n_profile + 1e-3),
        np.log((latest_after + latest_before) * weight + at_latest),
        np.log(latest_after * weight + at_latest / 2),
        np.log(following * weight + at_latest / 10),
        np.log(pairs.n[item] + 0.1),
        np.log(known.lately[item] + 0.1),
        np.log((pairs.n_last[item] + 1) / (pairs.n[item] + 10)),
        (apart > 0).astype(np.float64),
        np.minimum(apart, 0.0),
        np.maximum(apart, 0.0),
        (often > 0).astype(np.float64),
        np.log1p(often / (0.1 * share + 1e-4)),  # 0 where nothing is known of the shopper
        np.log(lately + 0.02),
        np.log(like + 1e-3),
    ]


def _row(matrix: Matrix, row: int) -> tuple[Any, Any]:
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[part], matrix.data[part]


def _top(items: Any, values: Any, most: int) -> Any:
    return items if len(values) <= most else items[is_top(values, most)]


def _looked_up(scratch: Floats, row: tuple[Any, Any], items: Items) -> Floats:
    """The values of some items in a sparse row, 0 where it has none; scratch float64 [n_items]
    stays 0.
    """
    places, values = row
    scratch[places] = values
    found = scratch[items]
    scratch[places] = 0
    return found
