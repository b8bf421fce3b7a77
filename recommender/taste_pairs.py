"""Queries and items that met: what their likeness says of clicks, learned from residuals summed by pair."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.looks import Looks
from recommender.taste import KNOTS, Floats, rounded

Floats4 = NDArray[np.float32]
Whole = NDArray[np.int64]

SMOOTH = 4.0
"""Information that theta's straightness between two knots is worth; 1 at each knot for where it starts."""

LONGEST = 1.0
"""Log-odds that theta moves in one generation at most."""

SOME = 50_000
"""Pairs whose differences are held at once."""


class Pairs:
    """The different pairs of a query and an item among slates.

    query, item: int64 [n_pairs]; of: int64 [n, k], the pair of each item of each slate.
    """

    def __init__(self, looks: Looks, query: Whole, item: Whole) -> None:
        """Slates asked with query [n], items [n, k]."""
        key, place = np.unique(query[:, None] * len(looks.features) + item, return_inverse=True)
        self.of = place.reshape(item.shape)
        self.query, self.item = np.divmod(key, len(looks.features))
        asked, self._row = np.unique(self.query, return_inverse=True)
        self._asked, self._places = looks.places(asked), looks.places(np.arange(len(looks.features)))
        cosine = self._cosines(looks, asked)
        knots = np.array(KNOTS)
        self.knot = np.clip(np.searchsorted(knots, cosine, side="right") - 1, 0, len(knots) - 2)
        self.past = ((cosine - knots[self.knot]) / np.diff(knots)[self.knot]).astype(np.float32)

    def __len__(self) -> int:
        return len(self.query)

    def curve(self, theta: Floats) -> Floats4:
        """Theta at the pairs' cosines: float32 [n_pairs]."""
        rise = theta[self.knot + 1] - theta[self.knot]
        return np.asarray(theta[self.knot] + self.past * rise, dtype=np.float32)

    def distances(self, weights: Floats) -> Floats4:
        """Of the pairs: float32 [n_pairs]."""
        axes, found = np.flatnonzero(weights), np.zeros(len(self), dtype=np.float32)
        half = (0.5 * weights[axes]).astype(np.float32)
        for part, squares in self._differences(axes):
            found[part] = squares @ half
        return found

    def step(
        self, theta: Floats, weights: Floats, gain: Floats4, weight: Floats4, *, apart: float
    ) -> tuple[Floats, Floats]:
        """A Newton step on: theta, which never falls, and the weights of the distance, never below 0.

        gain, weight: float32 [n, k], clicks beyond the expected and their information; apart: information
        that weights of 0 are worth.
        """
        n, f = len(KNOTS), len(weights)
        gain_of, weight_of = (
            np.bincount(self.of.ravel(), part.ravel(), len(self)).astype(np.float64)
            for part in (gain, weight)
        )
        pull, information = np.zeros(n + f), np.zeros((n + f, n + f))
        knots = self._knots()
        pull[:n] = knots @ gain_of
        information[:n, :n] = (knots * weight_of @ knots.T).toarray()
        for part, squares in self._differences(np.arange(f)):
            rows = squares * np.float32(-0.5)
            heavy = rows * weight_of[part, None].astype(np.float32)
            pull[n:] += gain_of[part].astype(np.float32) @ rows
            information[n:, n:] += rows.T @ heavy
            information[:n, n:] += knots[:, part] @ heavy
        information[n:, :n] = information[:n, n:].T
        bend = np.diff(np.eye(n), axis=0)
        # Between knots that are seldom seen theta stays as steep as it is: only changes are smoothed.
        information[:n, :n] += SMOOTH * bend.T @ bend + np.eye(n)
        information[n:, n:] += apart * np.eye(f)
        pull[n:] -= apart * weights
        return _stepped(theta, weights, pull, information)

    def _cosines(self, looks: Looks, asked: Whole) -> Floats:
        rows, found = looks.embeddings[asked], np.zeros(len(self))
        for begin in range(0, len(self), SOME):
            part = slice(begin, begin + SOME)
            found[part] = np.einsum("nd,nd->n", rows[self._row[part]], looks.embeddings[self.item[part]])
        return found

    def _differences(self, axes: Whole) -> Iterator[tuple[slice, Floats4]]:
        """Squared differences along some axes, some pairs at a time: float32 [some, n_axes]."""
        asked, places = self._asked[:, axes], self._places[:, axes]
        for begin in range(0, len(self), SOME):
            part = slice(begin, begin + SOME)
            yield part, (asked[self._row[part]] - places[self.item[part]]) ** 2

    def _knots(self) -> sparse.csc_array:
        """Shares of the two knots around each pair: [knots, n_pairs]."""
        shares = np.stack([1 - self.past, self.past], axis=1).astype(np.float64)
        rows = np.stack([self.knot, self.knot + 1], axis=1)
        begins = np.arange(0, 2 * len(self) + 1, 2)
        return sparse.csc_array((shares.ravel(), rows.ravel(), begins), shape=(len(KNOTS), len(self)))


def _stepped(theta: Floats, weights: Floats, pull: Floats, information: Floats) -> tuple[Floats, Floats]:
    """In terms of the first knot and of what each next one adds, which is never less than nothing."""
    n, f = len(theta), len(weights)
    adds = np.eye(n + f)
    adds[:n, :n] = np.tril(np.ones((n, n)))
    least = np.concatenate([[-np.inf], -np.diff(theta), -weights])
    step = adds @ bounded(adds.T @ information @ adds, adds.T @ pull, least)
    # Newton's step from rare clicks to frequent ones is far too long: the curve is steep only later.
    step *= min(1.0, LONGEST / max(float(np.abs(step[:n]).max()), LONGEST))
    return theta + step[:n], rounded(np.maximum(weights + step[n:], 0.0))


def bounded(information: Floats, pull: Floats, least: Floats) -> Floats:
    """The solution of information x = pull where x >= least: what falls below is held there, the rest solved
    again.
    """
    held = np.zeros(len(pull), dtype=np.bool_)
    step = np.zeros(len(pull))
    for _ in range(len(pull)):
        step[held] = least[held]
        free, fixed = np.flatnonzero(~held), np.flatnonzero(held)
        rest = pull[free] - information[np.ix_(free, fixed)] @ step[fixed]
        step[free] = np.linalg.solve(information[np.ix_(free, free)], rest)
        below = ~held & (step < least)
        if not below.any():
            break
        held |= below
    return np.asarray(np.maximum(step, least))
