"""Learns styles, wants and tastes from the slates of earlier generations, in a few sweeps a generation.

Expectation-maximisation with the tastes as the hidden part (Laplace for the logistic): tastes given styles,
then theta, wants, styles and the metric given tastes, each by a Newton step from where the last generation
stood. Sums run in the order of the slates, and the results are rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.blend import Learned
from recommender.cointeraction import EXAMINATION, Counts
from recommender.history import History
from recommender.looks import Distance, Looks
from recommender.taste import KNOTS, Floats, Taste, TasteConfig, rounded
from recommender.taste_pairs import Floats4, Pairs
from recommender.taste_score import log_odds, pair_chance, residual, seen

KAPPAS = (8.0, 16.0, 24.0, 32.0, 64.0, 128.0)
"""The choices of kappa."""
START_KAPPA = 24.0
FIXED = 1 << 20
"""Log-likelihoods are rounded to 1/FIXED before they are summed."""
DESCENT = 12
"""Steps of conjugate gradients for the metric."""
WELCOME = 3.0
"""Log-odds that are added to what is new at most."""


@dataclass(frozen=True)
class Evidence:
    """What a generation is learned from.

    learned: what its slates were made with. looks: of all pictures; is_candidate: bool [n], what is sold: all
    else that was asked with is a picture of the shopper's choice; is_new: what of it came later. counts: of
    the generations before, so that kappa is judged on clicks it has not seen. history: its last n_new slates
    are the generation's own.
    """

    learned: Learned
    looks: Looks
    is_candidate: NDArray[np.bool_]
    is_new: NDArray[np.bool_] | None
    counts: Counts
    history: History
    n_new: int


def begin(config: TasteConfig, learned: Learned, looks: Looks) -> Taste:
    """Before any slate: styles are a glimpse of the features, nobody's taste is known."""
    features, n_axes = looks.features, looks.axes.shape[1]
    n, width = features.shape
    dims = min(config.dims, width)
    metric = rounded(config.start * np.eye(dims, width))
    style = rounded(features @ metric.T)
    nobody = np.zeros(0, dtype=np.int64)
    return Taste(
        theta=rounded(log_odds(learned.rate(np.array(KNOTS)))),
        weights=np.zeros(n_axes),
        metric=metric,
        style=style,
        quality=np.zeros(n),
        wants=rounded(config.likeness * style),
        items=nobody,
        queries=nobody,
        choice=np.zeros((0, dims)),
        certainty=np.zeros((0, dims, dims)),
        shoppers=nobody,
        mean=np.zeros((0, dims)),
        precision=np.zeros((0, dims, dims)),
        kappa=START_KAPPA,
        likelihood=(0,) * len(KAPPAS),
        welcome=None,
        distance=Distance.of(looks, np.zeros(n_axes)),
    )


def learn_taste(
    config: TasteConfig,
    before: Taste,
    evidence: Evidence,
) -> Taste:
    """Sweeps over the history, from where the last generation stood."""
    if not len(evidence.history):
        return before
    kappa, likelihood = _kappa(before, evidence)
    sweep = _Sweep(config, before, evidence)
    for number in range(config.sweeps):
        sweep.meet_shoppers()
        if number == 0:
            sweep.fit_likeness()
        sweep.fit_wants()
        sweep.fit_styles()
    sweep.meet_shoppers()
    return sweep.taste(kappa, likelihood, _welcome(config, before, evidence))


def _welcome(config: TasteConfig, before: Taste, evidence: Evidence) -> float | None:
    """Log-odds added to what is new: more where its share of what was shown was less than is fair."""
    if evidence.is_new is None:
        return None
    history = evidence.history
    shown = history.shown[len(history) - evidence.n_new :]
    new, shown_all = int(evidence.is_new[shown[shown >= 0]].sum()), int((shown >= 0).sum())
    fair = shown_all * evidence.is_new.sum() / max(1, evidence.is_candidate.sum())
    now = config.welcome if before.welcome is None else before.welcome
    missing = np.log(config.fair * max(fair, 1.0) / max(new, 1.0))
    return float(rounded(np.clip(now + missing, 0.0, WELCOME)))


def _kappa(before: Taste, evidence: Evidence) -> tuple[float, tuple[int, ...]]:
    """The likeliest kappa for clicks that came after the counts, and the tallies it is chosen by."""
    tallies = np.array(before.likelihood, dtype=np.int64)
    history, learned = evidence.history, evidence.learned
    new = slice(len(history) - evidence.n_new, len(history))
    query, acted = history.query[new], history.acted[new]
    is_shown, beside = history.shown[new] >= 0, np.maximum(history.shown[new], 0)
    shown, clicks = seen(evidence.counts, query, beside)
    told = is_shown & (shown > 0)
    chance = pair_chance(before, query, beside)[told]
    examined = np.broadcast_to(learned.weights / EXAMINATION, beside.shape)[told]
    for number, kappa in enumerate(KAPPAS):
        expected = examined * (clicks[told] + kappa * chance) / (shown[told] + kappa)
        expected = np.clip(expected, 1e-6, 1 - 1e-6)
        gain = np.where(acted[told], np.log(expected), np.log1p(-expected))
        tallies[number] += int(np.rint(gain * FIXED).astype(np.int64).sum())
    best = KAPPAS[int(np.argmax(tallies))] if tallies.any() else START_KAPPA
    return best, tuple(int(tally) for tally in tallies)


@dataclass(frozen=True)
class _Look:
    """Every item of every slate [n, k] at one state: style [n, k, d], spread . style, liking, residuals."""

    style: Floats4
    spread: Floats4
    liking: Floats4
    gain: Floats4
    weight: Floats4


class _Sweep:
    """One pass of the learning; its parts must come in the order of `learn_taste`."""

    def __init__(self, config: TasteConfig, before: Taste, evidence: Evidence) -> None:
        history, looks = evidence.history, evidence.looks
        self.config, self.looks, self.features, self.dims = config, looks, looks.features, before.dims
        self.theta, self.weights, self.metric = before.theta, before.weights, before.metric
        self.style, self.quality, self.wants = before.style, before.quality, before.wants
        self.query = history.query.astype(np.int64)
        is_shown, self.item = history.shown >= 0, np.maximum(history.shown, 0).astype(np.int64)
        self.acted = history.acted & is_shown
        self.examined = (is_shown * (evidence.learned.weights / EXAMINATION)).astype(np.float32)
        self.pairs = Pairs(looks, self.query, self.item)
        self.likeness = self.pairs.curve(self.theta) - self.pairs.distances(self.weights)
        self.shoppers, self.shopper = np.unique(history.shopper, return_inverse=True)
        self.mean, self.precision = before.of(self.shoppers, len(self.shoppers))
        self.variance = _inverse(self.precision)
        self.by_shopper = _grouping(self.shopper, len(self.shoppers))
        self.queries, place = np.unique(self.query, return_inverse=True)
        self.by_query = _grouping(place, len(self.queries))
        self.pictures = self.queries[~evidence.is_candidate[self.queries]]
        self.by_picture = _asked_with(self.shopper, self.query, self.pictures, len(self.shoppers))

    def look(self) -> _Look:
        """Residuals with what is known now."""
        table, pairs = self.style.astype(np.float32), self.pairs
        wanted = np.einsum("nd,nd->n", table[pairs.item], self.wants.astype(np.float32)[pairs.query])
        told = self.likeness + self.quality.astype(np.float32)[pairs.item] + wanted
        style = table[self.item]
        liking = np.matmul(style, self.mean.astype(np.float32)[self.shopper][:, :, None])[:, :, 0]
        spread = np.matmul(style, self.variance[self.shopper])
        softened = np.sqrt(1.0 + np.float32(np.pi / 8) * np.einsum("nkd,nkd->nk", spread, style))
        eta = (told[pairs.of] + liking) / softened
        gain, weight = residual(eta, self.acted, self.examined)
        return _Look(style, spread, liking, gain.astype(np.float32), weight.astype(np.float32))

    def meet_shoppers(self) -> None:
        """Tastes, given styles."""
        now, d = self.look(), self.dims
        information = (self.by_shopper @ _information(now)).astype(np.float64)
        pull = (self.by_shopper @ _summed(now.gain + now.weight * now.liking, now.style)).astype(np.float64)
        self.choice, self.certainty = self._choices()
        information += self.by_picture @ self.certainty.reshape(-1, d * d)
        pull += self.by_picture @ self.choice
        self.precision = np.eye(d) + information.reshape(-1, d, d)
        self.variance = _inverse(self.precision)
        self.mean = np.asarray(np.linalg.solve(self.precision, pull[:, :, None]))[:, :, 0]

    def _choices(self) -> tuple[Floats, Floats]:
        """Pull [n_pictures, d] and information [n_pictures, d, d] of having asked with a picture.

        She takes one of several, the likelier the better it fits her taste: the gradient of the logarithm of
        a logit's chance at taste 0, and its curvature.
        """
        looks, config, d = self.looks, self.config, self.dims
        styles = rounded(self.features @ self.metric.T)
        others = styles[looks.pool]
        cosine = looks.embeddings[self.pictures] @ looks.embeddings[looks.pool].T
        share = np.exp(config.alike * (cosine.astype(np.float64) - 1.0))
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
        mean = share @ others
        square = share @ (others[:, :, None] * others[:, None, :]).reshape(len(others), d * d)
        spread = square.reshape(-1, d, d) - mean[:, :, None] * mean[:, None, :]
        pull = config.choice * (styles[self.pictures] - mean)
        return rounded(pull), rounded(_symmetric(config.choice**2 * spread))

    def fit_likeness(self) -> None:
        """Theta and the distance, given all else."""
        now = self.look()
        self.theta, self.weights = self.pairs.step(
            self.theta, self.weights, now.gain, now.weight, apart=self.config.apart
        )
        self.likeness = self.pairs.curve(self.theta) - self.pairs.distances(self.weights)

    def fit_wants(self) -> None:
        """Of the queries asked, given all else; the start is likeness to their own style."""
        now, d = self.look(), self.dims
        information = (self.by_query @ _information(now)).reshape(-1, d, d).astype(np.float64)
        pull = (self.by_query @ _summed(now.gain, now.style)).astype(np.float64)
        pull += np.matmul(information, self.wants[self.queries][:, :, None])[:, :, 0]
        self.wants = self.config.likeness * self.style
        worth = self.config.wants
        pull += worth * self.wants[self.queries]
        full = information + worth * np.eye(d)
        self.wants[self.queries] = np.linalg.solve(full, pull[:, :, None])[:, :, 0]

    def fit_styles(self) -> None:
        """Styles and qualities of the items shown and the metric behind them, given all else."""
        now, d, config = self.look(), self.dims, self.config
        information, pull = self._of_items(now)
        self.items = np.flatnonzero(information[:, d, d] > 0)
        information, pull = information[self.items], pull[self.items]
        state = np.column_stack([self.style, self.quality])[self.items]
        pull += np.matmul(information, state[:, :, None])[:, :, 0]
        worth = np.append(np.full(d, config.own), config.quality)
        inverse = np.linalg.inv(information + np.diag(worth))
        features = self.features[self.items]

        def told(pulls: Floats) -> Floats:
            """What pulls on styles say of the metric once the items' own parts are integrated out."""
            own = config.own * np.matmul(inverse, pulls[:, :, None])[:, :d, 0]
            return np.asarray(np.einsum("nd,nf->df", own, features))

        def stiffness(metric: Floats) -> Floats:
            styles = np.einsum("nf,df->nd", features, metric)
            return (
                told(np.matmul(information[:, :, :d], styles[:, :, None])[:, :, 0]) + config.metric * metric
            )

        self.metric = rounded(_descended(stiffness, told(pull), self.metric))
        self.style, self.quality = rounded(self.features @ self.metric.T), np.zeros(len(self.features))
        start = np.column_stack([self.style[self.items], np.zeros(len(self.items))])
        state = np.matmul(inverse, (pull + worth * start)[:, :, None])[:, :, 0]
        self.style[self.items], self.quality[self.items] = rounded(state[:, :d]), rounded(state[:, d])

    def _of_items(self, now: _Look) -> tuple[Floats, Floats]:
        """Information [n, d + 1, d + 1] on style and quality by item, and the pull [n, d + 1] on them."""
        n, d = len(self.features), self.dims
        towards = np.ones((len(self.query), d + 1), dtype=np.float32)
        towards[:, :d] = self.mean[self.shopper] + self.wants[self.query]
        # A symmetric matrix is told by its upper half.
        row, column = np.triu_indices(d + 1)
        of_taste = column < d
        unsure = np.float32(self.config.shrinkage) * self.variance[:, row[of_taste], column[of_taste]]
        square = towards[:, row] * towards[:, column]
        square[:, of_taste] += unsure[self.shopper]
        slate = np.repeat(np.arange(len(self.query)), self.item.shape[1])
        by_item = [
            sparse.csr_array((part.ravel(), (self.item.ravel(), slate)), shape=(n, len(square)))
            for part in (now.weight, now.gain)
        ]
        information = np.zeros((n, d + 1, d + 1))
        information[:, row, column] = information[:, column, row] = by_item[0] @ square
        pull = (by_item[1] @ towards).astype(np.float64)
        heavy = (now.weight[:, :, None] * now.spread).reshape(-1, d)
        pull[:, :d] -= _grouping(self.item.ravel(), n) @ heavy
        return information, pull

    def taste(self, kappa: float, likelihood: tuple[int, ...], welcome: float | None) -> Taste:
        """What was learned."""
        wants = rounded(self.config.likeness * self.style)
        wants[self.queries] = rounded(self.wants[self.queries])
        choice = np.zeros((len(self.queries), self.dims))
        certainty = np.zeros((*choice.shape, self.dims))
        place = np.searchsorted(self.queries, self.pictures)
        choice[place], certainty[place] = self._choices()
        return Taste(
            rounded(self.theta), self.weights, self.metric, self.style, self.quality, wants,
            self.items, self.queries, choice, certainty,
            self.shoppers, rounded(self.mean), rounded(_symmetric(self.precision)), kappa, likelihood,
            welcome, Distance.of(self.looks, self.weights),
        )  # fmt: skip


def _inverse(precision: Floats) -> Floats4:
    """Variances of tastes, float32 [n_shoppers, d, d]."""
    return np.asarray(np.linalg.inv(precision), dtype=np.float32)


def _information(now: _Look) -> Floats4:
    """Sum over a slate of weight * style style', flat: [n, d * d]."""
    square = np.matmul((now.style * now.weight[:, :, None]).transpose(0, 2, 1), now.style)
    return np.asarray(square.reshape(len(square), -1))


def _summed(factor: Floats4, style: Floats4) -> Floats4:
    """Sum over a slate of factor * style: [n, d]."""
    return np.asarray(np.matmul(factor[:, None, :], style)[:, 0])


def _grouping(group: NDArray[np.int64], n: int, weight: Floats4 | None = None) -> sparse.csr_array:
    """A matrix that adds up rows by group, each with its weight, in their order."""
    ones = np.ones(len(group), dtype=np.float32) if weight is None else weight
    return sparse.csr_array((ones, (group, np.arange(len(group)))), shape=(n, len(group)))


def _asked_with(
    shopper: NDArray[np.int64], query: NDArray[np.int64], pictures: NDArray[np.int64], n: int
) -> sparse.csr_array:
    """A matrix [n shoppers, pictures] that adds up what the pictures that each asked with say."""
    place = np.minimum(np.searchsorted(pictures, query), max(0, len(pictures) - 1))
    asked = np.flatnonzero(pictures[place] == query) if len(pictures) else np.zeros(0, dtype=np.int64)
    cells = (np.ones(len(asked)), (shopper[asked], place[asked]))
    return sparse.csr_array(cells, shape=(n, len(pictures)))


def _descended(stiffness: Callable[[Floats], Floats], wanted: Floats, start: Floats) -> Floats:
    """The solution of stiffness(x) = wanted by conjugate gradients (Hestenes and Stiefel 1952)."""
    x = start
    left = wanted - stiffness(x)
    way, size = left, float((left * left).sum())
    for _ in range(DESCENT):
        if size <= 0:
            break
        ahead = stiffness(way)
        step = size / float((way * ahead).sum())
        x, left = x + step * way, left - step * ahead
        before, size = size, float((left * left).sum())
        way = left + size / before * way
    return x


def _symmetric(matrix: Floats) -> Floats:
    """The upper half of each matrix [n, d, d] on both sides: float32 sums may differ in the last place."""
    upper = np.triu(matrix)
    return np.asarray(upper + np.triu(matrix, 1).transpose(0, 2, 1))
