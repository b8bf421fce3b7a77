"""The score of the blend once something was learned: log-odds of looks, clicks and taste, added up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.blend import Learned, Parts, Rates
from recommender.cointeraction import EXAMINATION, Counts
from recommender.profile import Profiles
from recommender.similarity import pair_cosines
from recommender.taste import KNOTS, Floats, Taste, rounded

Items = NDArray[np.int32]

FARTHEST = 12.0
"""Log-odds beyond this are read as this while learning: float32 would round the chance to 1."""


@dataclass(frozen=True)
class TasteScore:
    """Chance of a click, examined.

    The chance that theta, quality and wants expect of the pair (query, j) gives way to the clicks seen there,
    s / (s + kappa); to its log-odds the shopper's taste is added.
    """

    learned: Learned
    taste: Taste
    embeddings: NDArray[np.float32]
    counts: Counts
    newton: int

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        """Scores float64 of candidates int32 [n_requests, n_candidates]; of padding (-1) without meaning."""
        return self._score(profiles, candidates)[0]

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        """The same scores with their reasons: visual, what the cosine alone lets expect; behavioural, clicks
        per examination of the candidate beside the query; evidence, how far these are believed.
        """
        score, shown, acted = self._score(profiles, candidates)
        visual = self.learned.rate(_cosines(self.embeddings, profiles.query, candidates))
        behavioural = np.full(score.shape, np.nan)
        np.divide(acted, shown, out=behavioural, where=shown > 0)
        return Parts(score, visual, behavioural, shown / (shown + self.taste.kappa), shown)

    def _score(self, profiles: Profiles, candidates: Items) -> tuple[Rates, Rates, Rates]:
        beside, taste = np.maximum(candidates, 0), self.taste
        shown, acted = seen(self.counts, profiles.query, beside)
        chance = pair_chance(taste, self.embeddings, profiles.query, beside)
        chance = (acted + taste.kappa * chance) / (shown + taste.kappa)
        liking = _products(self._tastes(profiles), taste.style, beside)
        return logistic(log_odds(chance) + liking), shown, acted

    def _tastes(self, profiles: Profiles) -> Floats:
        """Each shopper's taste as her earlier sessions and the slates of this one suggest it."""
        mean, precision = self.taste.of(profiles.shopper, len(profiles))
        if profiles.asked is None or profiles.acted is None or not profiles.shown.shape[1]:
            return rounded(mean)
        k = profiles.shown.shape[1] // profiles.asked.shape[1]
        queries = np.repeat(profiles.asked, k, axis=1)
        is_told = (profiles.shown >= 0) & (queries >= 0)
        beside, queries = np.maximum(profiles.shown, 0), np.maximum(queries, 0)
        offset = _base(self.taste, self.embeddings, queries, beside)
        examined = np.where(is_told, np.resize(self.learned.weights / EXAMINATION, beside.shape[1]), 0.0)
        told = Told(self.taste.style[beside], offset, examined, profiles.acted)
        return rounded(posterior(mean, precision, told, steps=self.newton))


@dataclass(frozen=True)
class Told:
    """What shoppers did with the items they saw, [n, m] a request.

    style [n, m, dims]; offset: log-odds of a click by an average taste; examined: chance that it was looked
    at, 0 for padding; acted: what was clicked.
    """

    style: Floats
    offset: Floats
    examined: Floats
    acted: NDArray[np.bool_]


def posterior(mean: Floats, precision: Floats, told: Told, *, steps: int) -> Floats:
    """Mean [n, dims] of tastes after more slates, by Newton steps on the logistic (Laplace).

    mean, precision: before. A row depends on itself alone, bit by bit.
    """
    pull = _dot(precision, mean)
    now, sharp = mean, precision
    for _ in range(steps):
        spread = np.asarray(np.linalg.inv(sharp))
        sharp, drift = precision.copy(), pull.copy()
        for place in range(told.style.shape[1]):
            v = told.style[:, place]
            liking = (v * now).sum(axis=1)
            softened = np.sqrt(1.0 + np.pi / 8 * (_dot(spread, v) * v).sum(axis=1))
            eta = (told.offset[:, place] + liking) / softened
            gain, weight = residual(eta, told.acted[:, place], told.examined[:, place])
            sharp += (weight[:, None] * v)[:, :, None] * v[:, None, :]
            drift += (gain + weight * liking)[:, None] * v
        now = np.asarray(np.linalg.solve(sharp, drift[:, :, None]))[:, :, 0]
    return now


def residual(eta: NDArray[Any], acted: NDArray[np.bool_], examined: NDArray[Any]) -> tuple[Floats, Floats]:
    """Clicks beyond the expected, and their information, where a refusal may not have been looked at."""
    chance = logistic(np.clip(eta, -FARTHEST, FARTHEST))
    looked = np.where(acted, 1.0, examined * (1.0 - chance) / (1.0 - examined * chance)) * (examined > 0)
    return looked * (acted - chance), looked * chance * (1.0 - chance)


def pair_chance(
    taste: Taste, embeddings: NDArray[np.float32], query: NDArray[np.int32], beside: Items
) -> Floats:
    """Chance of a click on items int32 [n, m] asked with query int32 [n], by an average taste."""
    eta = np.interp(_cosines(embeddings, query, beside), KNOTS, taste.theta) + taste.quality[beside]
    return logistic(eta + _products(taste.wants[query], taste.style, beside))


def seen(counts: Counts, query: NDArray[np.int32], beside: Items) -> tuple[Rates, Rates]:
    """Examinations and clicks of items int32 [n, m] beside query int32 [n], float64."""
    shown, acted = counts.lookup(query[:, None], beside)
    return shown / EXAMINATION, acted.astype(np.float64)


def logistic(eta: Floats) -> Floats:
    """1 / (1 + exp(-eta)), eta cut at 30."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(eta, -30.0, 30.0))))


def log_odds(chance: Floats) -> Floats:
    """The inverse of logistic; a click at a place seldom looked at may count for more than one."""
    chance = np.clip(chance, 1e-6, 1.0 - 1e-6)
    return np.asarray(np.log(chance / (1.0 - chance)))


def _base(taste: Taste, embeddings: NDArray[np.float32], query: Items, item: Items) -> Floats:
    """Log-odds without taste of pairs, [n, m] each; exact products, so that rows do not depend on the
    batch.
    """
    cosine = np.einsum("nmd,nmd->nm", embeddings[query], embeddings[item])
    wanted = np.einsum("nmd,nmd->nm", taste.wants[query], taste.style[item])
    return np.asarray(np.interp(cosine, KNOTS, taste.theta) + taste.quality[item] + wanted)


def _cosines(embeddings: NDArray[np.float32], query: NDArray[np.int32], items: Items) -> NDArray[np.float32]:
    return pair_cosines(embeddings, query[:, None], np.maximum(items, 0))[:, 0]


def _products(wanted: Floats, style: Floats, items: Items) -> Floats:
    """Inner products of wanted [n, dims] with the styles of items int32 [n, m]; exact, so either way will
    do.
    """
    n_columns = int(items.max(initial=-1)) + 1
    if n_columns > 4 * items.shape[1]:
        return np.asarray(np.matmul(style[items], wanted[:, :, None])[:, :, 0])
    return np.take_along_axis(wanted @ style[:n_columns].T, items.astype(np.int64), axis=1)


def _dot(matrix: Floats, vector: Floats) -> Floats:
    """Matrix [n, d, d] times vector [n, d], added in the order of the columns."""
    total = np.zeros(vector.shape)
    for column in range(vector.shape[1]):
        total += matrix[:, :, column] * vector[:, column, None]
    return total
