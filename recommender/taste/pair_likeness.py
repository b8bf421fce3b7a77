"""Queries and items that met: what their likeness says of clicks, learned from residuals summed by
pair.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender import exact
from recommender.taste.item_features import ItemFeatures
from recommender.taste.model import KNOTS, Floats, rounded
from recommender.taste.threads import each

Floats4 = NDArray[np.float32]
Whole = NDArray[np.int64]

SMOOTH = 4.0
"""Information that theta's straightness between two knots is worth; 1 at each knot for where it
starts.
"""

LONGEST = 1.0
"""Log-odds that theta moves in one generation at most."""

PAIRS_AT_ONCE = 50_000
"""Pairs whose differences are held and summed at once: another number is another sum."""


class QueryItemPairs:
    """The different pairs of a query and an item among slates.

    query, item: int64 [n_pairs]; of: int64 [n, k], the pair of each item of each slate.
    """

    def __init__(self, item_features: ItemFeatures, query: Whole, item: Whole) -> None:
        """Slates asked with query [n], items [n, k]."""
        key, place = np.unique(
            query[:, None] * len(item_features.features) + item, return_inverse=True
        )
        self.of = place.reshape(item.shape)
        self.query, self.item = np.divmod(key, len(item_features.features))
        asked, self._row = np.unique(self.query, return_inverse=True)
        every_item = np.arange(len(item_features.features))
        self._asked = item_features.places(asked)
        self._places = item_features.places(every_item)
        cosine = self._cosines(item_features, asked)
        knots = np.array(KNOTS)
        self.knot = np.clip(np.searchsorted(knots, cosine, side="right") - 1, 0, len(knots) - 2)
        self.past = (cosine - knots[self.knot]) / np.diff(knots)[self.knot]

    def __len__(self) -> int:
        return len(self.query)

    def curve(self, theta: Floats) -> Floats:
        """Theta at the pairs' cosines: float64 [n_pairs]."""
        rise = theta[self.knot + 1] - theta[self.knot]
        return np.asarray(theta[self.knot] + self.past * rise)

    def distances(self, weights: Floats) -> Floats:
        """Of the pairs: float64 [n_pairs]."""
        components = np.flatnonzero(weights)
        half = 0.5 * weights[components, None]
        differences = self._differences(components)

        def some(part: slice) -> Floats:
            return exact.product(differences(part), half)[:, 0]

        return np.concatenate([np.zeros(0), *each(some, len(self), PAIRS_AT_ONCE)])

    def step(
        self, theta: Floats, weights: Floats, gain: Floats, weight: Floats, *, apart: float
    ) -> tuple[Floats, Floats]:
        """A Newton step on: theta, which never falls, and the weights of the distance, never below
        0.

        gain, weight: float64 [n, k], clicks beyond the expected and their information; apart:
        information that weights of 0 are worth.
        """
        n = len(KNOTS)
        f = len(weights)
        gain_of = self._by_pair(gain)
        weight_of = self._by_pair(weight)
        pull = np.zeros(n + f)
        information = np.zeros((n + f, n + f))
        knots = self._knots()
        pull[:n] = knots @ gain_of
        information[:n, :n] = (knots * weight_of @ knots.T).toarray()
        differences = self._differences(np.arange(f))

        def some(part: slice) -> tuple[Floats, Floats, Floats]:
            rows = differences(part) * np.float32(-0.5)
            heavy = rows * weight_of[part, None]
            pulled = exact.product(gain_of[None, part], rows)[0]
            return pulled, exact.product(rows.T, heavy), knots[:, part] @ heavy

        for pulled, of_distance, of_both in each(some, len(self), PAIRS_AT_ONCE):
            pull[n:] += pulled
            information[n:, n:] += of_distance
            information[:n, n:] += of_both
        information[n:, :n] = information[:n, n:].T
        bend = np.diff(np.eye(n), axis=0)
        # Between knots that are seldom seen theta stays as steep as it is: only changes are
        # smoothed.
        information[:n, :n] += SMOOTH * bend.T @ bend + np.eye(n)
        information[n:, n:] += apart * np.eye(f)
        pull[n:] -= apart * weights
        return _stepped(theta, weights, pull, information)

    def _by_pair(self, numbers: Floats) -> Floats:
        """Sums over the slates' places [n, k] by pair, float64 [n_pairs]."""
        return np.bincount(self.of.ravel(), numbers.ravel(), len(self)).astype(np.float64)

    def _cosines(self, item_features: ItemFeatures, asked: Whole) -> Floats:
        rows = item_features.embeddings[asked]

        def some(part: slice) -> Floats:
            beside = item_features.embeddings[self.item[part]]
            cosine = np.einsum("nd,nd->n", rows[self._row[part]], beside)
            return np.asarray(cosine, dtype=np.float64)

        return np.concatenate([np.zeros(0), *each(some, len(self), PAIRS_AT_ONCE)])

    def _differences(self, components: Whole) -> Callable[[slice], Floats4]:
        """For some pairs the squared differences along some components: float32 [some, n_axes]."""
        asked = self._asked[:, components]
        places = self._places[:, components]

        def of_some(part: slice) -> Floats4:
            found = asked[self._row[part]]
            found -= places[self.item[part]]
            return np.asarray(np.square(found, out=found))

        return of_some

    def _knots(self) -> sparse.csc_array:
        """Shares of the two knots around each pair: [knots, n_pairs]."""
        shares = np.stack([1 - self.past, self.past], axis=1)
        rows = np.stack([self.knot, self.knot + 1], axis=1)
        begins = np.arange(0, 2 * len(self) + 1, 2)
        return sparse.csc_array(
            (shares.ravel(), rows.ravel(), begins), shape=(len(KNOTS), len(self))
        )


def _stepped(
    theta: Floats, weights: Floats, pull: Floats, information: Floats
) -> tuple[Floats, Floats]:
    """In terms of the first knot and of what each next one adds, which is never less than
    nothing.
    """
    n = len(theta)
    least = np.concatenate([[-np.inf], -np.diff(theta), -weights])
    by_step = _by_step(_by_step(information, n).T, n)
    step = bounded(by_step, _by_step(pull, n), least)
    rise = np.cumsum(step[:n])
    # Newton's step from rare clicks to frequent ones is far too long: the curve is steep only
    # later.
    short = min(1.0, LONGEST / max(float(np.abs(rise).max()), LONGEST))
    return theta + short * rise, rounded(np.maximum(weights + short * step[n:], 0.0))


def _by_step(of_knots: Floats, n: int) -> Floats:
    """The first n rows, one a knot, as rows of the steps between knots: a step lifts all later
    knots.
    """
    found = of_knots.copy()
    found[:n] = np.cumsum(of_knots[:n][::-1], axis=0)[::-1]
    return found


def bounded(information: Floats, pull: Floats, least: Floats) -> Floats:
    """The solution of information x = pull where x >= least: what falls below is held there, the
    rest solved again.
    """
    held = np.zeros(len(pull), dtype=np.bool_)
    step = np.zeros(len(pull))
    for _ in range(len(pull)):
        step[held] = least[held]
        free = np.flatnonzero(~held)
        fixed = np.flatnonzero(held)
        rest = (
            pull[free] - exact.times(information[None, free[:, None], fixed], step[None, fixed])[0]
        )
        step[free] = exact.solved(information[None, free[:, None], free], rest[None])[0]
        below = ~held & (step < least)
        if not below.any():
            break
        held |= below
    return np.asarray(np.maximum(step, least))
