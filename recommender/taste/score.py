"""The score of the blend once something was learned: log-odds of looks, clicks and taste, added
up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender import exact
from recommender.profile import Profiles
from recommender.scoring.cointeraction import EXAMINATION, Counts
from recommender.scoring.pair_score import Learned, Parts, Rates
from recommender.taste.model import KNOTS, Floats, Taste, rounded

Items = NDArray[np.int32]

AT_ONCE = 1 << 17
"""Numbers of outer products that are held at once while a taste is worked out."""

FARTHEST = 12.0
"""Log-odds beyond this are read as this while learning: float32 would round the chance to 1."""


@dataclass(frozen=True)
class TasteScore:
    """Chance of a click, examined.

    The chance that theta, distance, quality and wants expect of the pair (query, j) gives way to
    the clicks seen there, s / (s + kappa); to its log-odds the shopper's taste is added, and a
    welcome to what is new. welcome: float64 [n], see Knowledge.welcomed.
    """

    learned: Learned
    taste: Taste
    counts: Counts
    welcome: Floats
    newton: int
    _met: dict[int, tuple[Profiles, Floats]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        """Scores float64 of candidates int32 [n_requests, n_candidates]; of padding (-1) without
        meaning.
        """
        return self._score(profiles, candidates).score

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        """The same scores with their reasons: visual, what the picture alone lets expect;
        behavioural, clicks per examination of the candidate beside the query; evidence, how far
        these are believed. Looks, others, taste and welcome add up to the score's log-odds beyond
        those of the base rate.
        """
        now = self._score(profiles, candidates, with_visual=True)
        base = float(log_odds(np.array(self.learned.base)))
        visual = now.visual
        behavioural = np.full(now.score.shape, np.nan)
        np.divide(now.acted, now.shown, out=behavioural, where=now.shown > 0)
        return Parts(
            now.score,
            logistic(visual),
            behavioural,
            now.shown / (now.shown + self.taste.kappa),
            now.shown,
            visual - base,
            log_odds(now.chance) - visual,
            now.liking,
            now.welcome,
        )

    def _score(self, profiles: Profiles, candidates: Items, *, with_visual: bool = False) -> _Sum:
        beside = np.maximum(candidates, 0)
        taste = self.taste
        shown, acted = seen(self.counts, profiles.query, beside)
        visual = np.zeros((0, 0))
        if with_visual:
            visual, likely = _likely(taste, profiles.query, beside)
            chance = logistic(likely)
        else:
            chance = pair_chance(taste, profiles.query, beside)
        chance = (acted + taste.kappa * chance) / (shown + taste.kappa)
        liking = _products(self._tastes(profiles), taste.style, beside)
        welcome = self.welcome[beside]
        score = _moved(chance, liking + welcome)
        return _Sum(score, shown, acted, visual, chance, liking, welcome)

    def _tastes(self, profiles: Profiles) -> Floats:
        """Each shopper's taste as her earlier sessions, what she asked with in this one and the
        slates of it suggest it; worked out once for the scores and their reasons.
        """
        if id(profiles) not in self._met:
            mean, precision = self.taste.of(profiles.shopper, len(profiles))
            pull = exact.times(precision, mean)
            precision = self._with_choices(profiles, pull, precision)
            now = rounded(posterior(pull, precision, self._responses(profiles), steps=self.newton))
            self._met[id(profiles)] = profiles, now
        return self._met[id(profiles)][1]

    def _with_choices(self, profiles: Profiles, pull: Floats, precision: Floats) -> Floats:
        """The precision with what was asked with; the pull is added to in place."""
        asked = [profiles.query]
        if profiles.asked is not None:
            asked += list(profiles.asked.T)
        for query in asked:
            more, information = self.taste.chosen(query)
            pull += more
            precision = precision + information
        return precision

    def _responses(self, profiles: Profiles) -> Responses:
        n = len(profiles)
        if profiles.asked is None or profiles.acted is None or not profiles.shown.shape[1]:
            nothing = np.zeros((n, 0))
            return Responses(
                np.zeros((n, 0, self.taste.dims)), nothing, nothing, nothing.astype(np.bool_)
            )
        k = profiles.shown.shape[1] // profiles.asked.shape[1]
        queries = np.repeat(profiles.asked, k, axis=1)
        is_read = (profiles.shown >= 0) & (queries >= 0)
        beside = np.maximum(profiles.shown, 0)
        queries = np.maximum(queries, 0)
        offset = _base(self.taste, queries, beside)
        examined = np.where(
            is_read, np.resize(self.learned.weights / EXAMINATION, beside.shape[1]), 0.0
        )
        return Responses(self.taste.style[beside], offset, examined, profiles.acted)


@dataclass(frozen=True)
class _Sum:
    """A score and what it was made of, float64 [n_requests, n_candidates]."""

    score: Rates
    shown: Rates
    acted: Rates
    visual: Rates
    """Empty where nobody asked."""
    chance: Rates
    liking: Rates
    welcome: Rates


@dataclass(frozen=True)
class Responses:
    """What shoppers did with the items that they saw before this request, [n, m]."""

    style: Floats
    """[n, m, dims], of the items."""

    offset: Floats
    """Log-odds of a click by an average taste."""

    examined: Floats
    """Chance that the item was examined; 0 for padding."""

    acted: NDArray[np.bool_]
    """Whether it was clicked, carted or purchased."""

    def at(self, places: slice) -> Responses:
        """Some of them, the same places of every shopper."""
        return Responses(
            self.style[:, places],
            self.offset[:, places],
            self.examined[:, places],
            self.acted[:, places],
        )


def posterior(pull: Floats, precision: Floats, responses: Responses, *, steps: int) -> Floats:
    """Mean [n, dims] of tastes after more slates, by Newton steps on the logistic (Laplace).

    pull [n, dims], precision [n, dims, dims]: before; the mean is precision^-1 pull. A row depends
    on itself alone, bit by bit.
    """
    now = exact.solved(precision, pull)
    sharp = precision
    if not responses.examined.any():
        return now
    n, n_places, dims = responses.style.shape
    some = max(1, AT_ONCE // max(1, n * dims * dims))
    for _ in range(steps):
        spread = _shoppers_last(exact.inverse(sharp))
        sharp_of = _shoppers_last(precision)
        drift = _shoppers_last(pull)
        for begin in range(0, n_places, some):
            part = responses.at(slice(begin, begin + some))
            _respond(part, now, spread, sharp_of, drift)
        sharp = sharp_of.transpose(2, 0, 1)
        now = exact.solved(sharp, drift.T)
    return now


def _shoppers_last(numbers: Floats) -> Floats:
    """A copy of numbers [n, ...] as [..., n]: each step is then one pass over memory in its
    order.
    """
    return np.moveaxis(numbers, 0, -1).copy()


def _respond(
    responses: Responses, now: Floats, spread: Floats, sharp: Floats, drift: Floats
) -> None:
    """Add what these places tell to `sharp` [d, d, n] and `drift` [d, n], in place, one place after
    the other: only so do their sums keep their bits.

    now: [n, d]; spread: [d, d, n].
    """
    style = responses.style
    v = np.ascontiguousarray(style.transpose(1, 2, 0))
    liking = (style * now[:, None]).sum(axis=2)
    felt = np.ascontiguousarray(_each(spread, v).transpose(2, 0, 1))
    softened = np.sqrt(1.0 + np.pi / 8 * (felt * style).sum(axis=2))
    eta = (responses.offset + liking) / softened
    gain, weight = residual(eta, responses.acted, responses.examined)
    outer = (weight.T[:, None] * v)[:, :, None] * v[:, None]
    pulled = (gain + weight * liking).T[:, None] * v
    for place in range(len(v)):
        sharp += outer[place]
        drift += pulled[place]


def _each(matrix: Floats, vectors: Floats) -> Floats:
    """`exact.times` of matrices [d, d, n] and each of their vectors [m, d, n]: the same bits."""
    total = np.zeros(vectors.shape)
    for column in range(matrix.shape[1]):
        total += matrix[:, column] * vectors[:, column, None]
    return total


def residual(
    eta: NDArray[Any], acted: NDArray[np.bool_], examined: NDArray[Any]
) -> tuple[Floats, Floats]:
    """Clicks beyond the expected, and their information, where a refusal may not have been looked
    at.
    """
    chance = logistic(np.clip(eta, -FARTHEST, FARTHEST))
    looked = np.where(acted, 1.0, examined * (1.0 - chance) / (1.0 - examined * chance)) * (
        examined > 0
    )
    return looked * (acted - chance), looked * chance * (1.0 - chance)


def pair_chance(taste: Taste, query: NDArray[np.int32], beside: Items) -> Floats:
    """Chance of a click on items int32 [n, m] asked with query int32 [n], by an average taste."""
    n_columns = int(beside.max(initial=-1)) + 1
    if n_columns > 4 * beside.shape[1]:
        return logistic(_likely(taste, query, beside)[1])
    # Few items, so that most meet every query: each pair once. The products are exact, either way
    # will do.
    known, place = np.unique(query, return_inverse=True)
    embeddings = taste.distance.item_features.embeddings
    style = taste.style[:n_columns]
    rows, constant = taste.distance.pulls(known)
    near = rows @ embeddings[:n_columns].T + constant[:, None] + taste.distance.half[:n_columns]
    cosine = embeddings[known] @ embeddings[:n_columns].T
    eta = np.interp(cosine, KNOTS, taste.theta) + near
    chance = logistic(eta + taste.quality[:n_columns] + taste.wants[known] @ style.T)
    return np.asarray(chance[place[:, None], beside])


def _likely(taste: Taste, query: NDArray[np.int32], beside: Items) -> tuple[Floats, Floats]:
    """Log-odds [n, m] that the pictures alone let expect, theta less the distance; and those of an
    average taste.
    """
    embeddings = taste.distance.item_features.embeddings
    rows, constant = taste.distance.pulls(query)
    both = np.matmul(embeddings[beside], np.stack([embeddings[query], rows], axis=2))
    near = both[:, :, 1] + constant[:, None] + taste.distance.half[beside]
    eta = np.interp(both[:, :, 0], KNOTS, taste.theta) + near
    wanted = np.matmul(taste.style[beside], taste.wants[query][:, :, None])[:, :, 0]
    return eta, eta + taste.quality[beside] + wanted


def seen(counts: Counts, query: NDArray[np.int32], beside: Items) -> tuple[Rates, Rates]:
    """Examinations and clicks of items int32 [n, m] beside query int32 [n], float64."""
    shown, acted = counts.lookup(query[:, None], beside)
    return shown / EXAMINATION, acted.astype(np.float64)


def logistic(eta: Floats) -> Floats:
    """1 / (1 + exp(-eta)), eta cut at 30."""
    return np.asarray(1.0 / (1.0 + exact.exp(-np.clip(eta, -30.0, 30.0))))


def _moved(chance: Floats, more: Floats) -> Floats:
    """The chance whose log-odds are `more` above those of a chance: logistic(log_odds(chance) +
    more).
    """
    chance = np.clip(chance, 1e-6, 1.0 - 1e-6)
    return np.asarray(chance / (chance + (1.0 - chance) * exact.exp(-more)))


def log_odds(chance: Floats) -> Floats:
    """The inverse of logistic; a click at a place seldom looked at may count for more than one."""
    chance = np.clip(chance, 1e-6, 1.0 - 1e-6)
    return exact.log(chance / (1.0 - chance))


def _base(taste: Taste, query: Items, item: Items) -> Floats:
    """Log-odds without taste of pairs, [n, m] each; exact products, so that rows do not depend on
    the batch.
    """
    embeddings = taste.distance.item_features.embeddings
    asked, place = np.unique(query, return_inverse=True)
    rows, constant = (part[place.reshape(query.shape)] for part in taste.distance.pulls(asked))
    cosine = np.einsum("nmd,nmd->nm", embeddings[query], embeddings[item])
    near = np.einsum("nmd,nmd->nm", rows, embeddings[item]) + constant + taste.distance.half[item]
    wanted = np.einsum("nmd,nmd->nm", taste.wants[query], taste.style[item])
    return np.asarray(np.interp(cosine, KNOTS, taste.theta) + near + taste.quality[item] + wanted)


def _products(wanted: Floats, style: Floats, items: Items) -> Floats:
    """Inner products of wanted [n, dims] with the styles of items int32 [n, m]; exact, so either
    way will do.
    """
    n_columns = int(items.max(initial=-1)) + 1
    if n_columns > 4 * items.shape[1]:
        return np.asarray(np.matmul(style[items], wanted[:, :, None])[:, :, 0])
    return np.take_along_axis(wanted @ style[:n_columns].T, items.astype(np.int64), axis=1)
