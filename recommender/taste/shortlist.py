"""Which candidates of the blend can still stand on a slate: bounds of their log-odds leave out all
others, so that scores and reasons are worked out for a few.

The bounds are made of float32 and of fast logarithms, and are kept as far apart as these can be
wrong. So the slates are those that the scores of all candidates would give, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import padded, place
from recommender.candidates import Marks, listed, lists_of
from recommender.profile import Profiles
from recommender.ranking import DECIMALS
from recommender.scoring.cointeraction import EXAMINATION, Counts
from recommender.taste.model import KNOTS, Floats, Taste
from recommender.taste.score import TasteScore, log_odds, pair_chance, seen

Items = NDArray[np.int32]
Floats4 = NDArray[np.float32]
Longs = NDArray[np.int64]

WHOLE_ROWS = 2048
"""Of at most so many items a query's pairs are kept whole until the next generation."""

ROWS_KEPT = 4096
"""Queries whose pairs are kept at most: 32 MB of them."""

GROUPS = 8
"""A row is divided into so many groups for each place of a slate to find what the last place
needs.
"""

ROUNDING = 2.0**-16
"""What a sum of some float32 may be wrong by, relative to its parts; they are better than that."""

MOST = float(np.log((1.0 - 1e-6) / 1e-6))
"""Log-odds of a pair, at most: chances nearer to 0 and 1 count as 1e-6 and 1 - 1e-6."""


@dataclass
class PairRows:
    """Log-odds float32 [n_columns] of the pairs of a query with all items, clicks seen there
    included: a cache, on which results do not depend.
    """

    rows: dict[int, Floats4] = field(default_factory=dict)

    def of(self, taste: Taste, counts: Counts, query: Items, n_columns: int) -> Floats4:
        """Float32 [n, n_columns] of queries int32 [n]."""
        known, place = np.unique(query, return_inverse=True)
        rows = self.rows
        missing = np.array([one for one in known.tolist() if one not in rows], np.int32)
        if len(missing):
            if len(rows) + len(missing) > ROWS_KEPT:
                rows = self.rows = {one: rows[one] for one in known.tolist() if one in rows}
            every = np.broadcast_to(np.arange(n_columns, dtype=np.int32), (len(missing), n_columns))
            shown, acted = seen(counts, missing, every)
            chance = pair_chance(taste, missing, every)
            odds = log_odds((acted + taste.kappa * chance) / (shown + taste.kappa))
            rows.update(zip(missing.tolist(), odds.astype(np.float32), strict=True))
        return np.stack([rows[one] for one in known.tolist()])[place]


@dataclass(frozen=True)
class ShortlistedScore(TasteScore):
    """The blend's score, which also says beforehand who can win."""

    pairs: PairRows = field(default_factory=PairRows, repr=False, compare=False)

    def shortlist(self, profiles: Profiles, marks: Marks, k: int) -> Items:
        """Of the marked items, bool [n_requests, n_columns], at least all that could be among the
        k best: int32 [n_requests, few], rising, -1 = padding.
        """
        n, n_columns = marks.shape
        if not n or n_columns <= k:
            return listed(marks)
        tastes = self._tastes(profiles)
        if n_columns <= WHOLE_ROWS:
            found = self._of_all(profiles, tastes, marks)
            reached = _reached(found, k, self._slack(tastes, n_columns))
            row, item = np.divmod(np.flatnonzero(reached), n_columns)
        else:
            row, item = np.divmod(np.flatnonzero(marks), n_columns)
            odds = self._of_some(profiles, tastes, np.searchsorted(row, np.arange(n + 1)), item)
            width = int(np.bincount(row, minlength=1).max())
            found = padded(row, odds, n, width=width, empty=-np.inf)
            kept = _reached(found, k, np.full(n, ROUNDING))[row, place(row, n)]
            row, item = row[kept], item[kept]
        return lists_of(row, item, n)

    def _slack(self, tastes: Floats, n_columns: int) -> Floats:
        """How far the log-odds of each request may be wrong in float32, float64 [n]."""
        style = np.sqrt(np.square(self.taste.style[:n_columns]).sum(axis=1).max(initial=0.0))
        liked = np.sqrt(np.square(tastes).sum(axis=1))
        welcome = np.abs(self.welcome[:n_columns]).max(initial=0.0)
        return np.asarray(ROUNDING * (MOST + welcome + style * liked))

    def _of_all(self, profiles: Profiles, tastes: Floats, marks: Marks) -> Floats4:
        """Log-odds float32 [n, n_columns] of all items; -inf where there is no mark."""
        n_columns = marks.shape[1]
        found = self.pairs.of(self.taste, self.counts, profiles.query, n_columns)
        found += tastes.astype(np.float32) @ self.taste.style[:n_columns].astype(np.float32).T
        found += self.welcome[:n_columns].astype(np.float32)
        np.copyto(found, -np.inf, where=~marks)
        return found

    def _of_some(self, profiles: Profiles, tastes: Floats, begin: Longs, item: Longs) -> Floats:
        """Log-odds float64 [m] of items [m]; those of request r are begin[r] to begin[r + 1].

        A request at a time, so that what is taken of each item stays in the processor's cache.
        """
        taste = self.taste
        embeddings = taste.distance.item_features.embeddings
        rows, constant = taste.distance.pulls(profiles.query)
        both = np.stack([embeddings[profiles.query], rows], axis=2)
        asked = taste.wants[profiles.query]
        sides = np.stack([asked, tastes], axis=2)
        near = np.empty((len(item), 2), np.float32)
        likes = np.empty((len(item), 2))
        for request in range(len(tastes)):
            part = slice(begin[request], begin[request + 1])
            np.matmul(embeddings.take(item[part], axis=0), both[request], out=near[part])
            np.matmul(taste.style.take(item[part], axis=0), sides[request], out=likes[part])
        of = np.repeat(np.arange(len(tastes)), np.diff(begin))
        odds = np.interp(near[:, 0], KNOTS, taste.theta) + near[:, 1] + constant[of]
        odds += taste.distance.half[item] + taste.quality[item] + likes[:, 0]
        np.clip(odds, -MOST, MOST, out=odds)
        shown, acted = self.counts.lookup(profiles.query[of], item)
        at = np.flatnonzero(shown)
        chance = 1.0 / (1.0 + np.exp(-odds[at]))
        seen_at = shown[at] / EXAMINATION + taste.kappa
        odds[at] = log_odds((acted[at] + taste.kappa * chance) / seen_at)
        return np.asarray(odds + likes[:, 1] + self.welcome[item])


def _reached(found: NDArray[np.floating], k: int, slack: Floats) -> Marks:
    """Which log-odds [n, m], each wrong by slack [n] at most, can be among the k best of their row
    when scores are rounded.

    The k-th best is at least the k-th greatest of the maxima of groups.
    """
    n, m = found.shape
    if m > k:
        size = max(1, m // (GROUPS * k))
        n_groups = m // size
        maxima = found[:, : n_groups * size].reshape(n, size, n_groups).max(axis=1)
        low = np.partition(maxima, n_groups - k, axis=1)[:, n_groups - k].astype(np.float64)
    else:
        low = np.full(n, -np.inf)
    # Two steps of rounding below the k-th best no score is a tie with it.
    least = 1.0 / (1.0 + np.exp(np.minimum(slack - low, 700.0))) - 2.0 * 10.0**-DECIMALS
    floor = np.full(n, -np.inf)
    np.log(least / (1.0 - least), out=floor, where=least > 0)
    floor = np.maximum(floor - slack, np.finfo(np.float32).min)
    # What is no number stays: the score will complain.
    return ~(found < floor.astype(found.dtype)[:, None])
