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
from recommender.taste import KNOTS, Floats, Taste, TasteConfig, rounded
from recommender.taste_score import log_odds, pair_chance, residual, seen

KAPPAS = (8.0, 16.0, 24.0, 32.0, 64.0, 128.0)
"""The choices of kappa."""
START_KAPPA = 24.0
FIXED = 1 << 20
"""Log-likelihoods are rounded to 1/FIXED before they are summed."""
DESCENT = 12
"""Steps of conjugate gradients for the metric."""
SMOOTH = 4.0
"""Information that theta's straightness between two knots is worth; 1 at each knot for where it starts."""

LONGEST = 1.0
"""Log-odds that theta moves in one generation at most."""

Floats4 = NDArray[np.float32]


@dataclass(frozen=True)
class Evidence:
    """What a generation is learned from.

    learned: what its slates were made with. embeddings: rounded float32 [n, dim]; features: float64 [n,
    features], see taste.features_of. counts: of the generations before, so that kappa is judged on clicks it
    has not seen. history: its last n_new slates are the generation's own.
    """

    learned: Learned
    embeddings: NDArray[np.float32]
    features: Floats
    counts: Counts
    history: History
    n_new: int


def begin(config: TasteConfig, learned: Learned, features: Floats) -> Taste:
    """Before any slate: styles are a glimpse of the features, nobody's taste is known."""
    n, width = features.shape
    dims = min(config.dims, width)
    metric = rounded(config.start * np.eye(dims, width))
    style = rounded(features @ metric.T)
    nobody = np.zeros(0, dtype=np.int64)
    return Taste(
        theta=rounded(log_odds(learned.rate(np.array(KNOTS)))),
        metric=metric,
        style=style,
        quality=np.zeros(n),
        wants=rounded(config.likeness * style),
        items=nobody,
        queries=nobody,
        shoppers=nobody,
        mean=np.zeros((0, dims)),
        precision=np.zeros((0, dims, dims)),
        kappa=START_KAPPA,
        likelihood=(0,) * len(KAPPAS),
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
    for _ in range(config.sweeps):
        sweep.meet_shoppers()
        sweep.fit_queries()
        sweep.fit_styles()
    return sweep.taste(kappa, likelihood)


def _kappa(before: Taste, evidence: Evidence) -> tuple[float, tuple[int, ...]]:
    """The likeliest kappa for clicks that came after the counts, and the tallies it is chosen by."""
    tallies = np.array(before.likelihood, dtype=np.int64)
    history, learned = evidence.history, evidence.learned
    new = slice(len(history) - evidence.n_new, len(history))
    query, acted = history.query[new], history.acted[new]
    is_shown, beside = history.shown[new] >= 0, np.maximum(history.shown[new], 0)
    shown, clicks = seen(evidence.counts, query, beside)
    told = is_shown & (shown > 0)
    chance = pair_chance(before, evidence.embeddings, query, beside)[told]
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
        history, embeddings, features = evidence.history, evidence.embeddings, evidence.features
        self.config, self.features, self.dims = config, features, before.dims
        self.theta, self.metric = before.theta, before.metric
        self.style, self.quality, self.wants = before.style, before.quality, before.wants
        self.query = history.query.astype(np.int64)
        is_shown, self.item = history.shown >= 0, np.maximum(history.shown, 0).astype(np.int64)
        self.acted = history.acted & is_shown
        self.examined = (is_shown * (evidence.learned.weights / EXAMINATION)).astype(np.float32)
        cosine = np.einsum("nd,nkd->nk", embeddings[self.query], embeddings[self.item])
        self.knot = np.clip(np.searchsorted(KNOTS, cosine, side="right") - 1, 0, len(KNOTS) - 2)
        left, right = np.array(KNOTS)[self.knot], np.array(KNOTS)[self.knot + 1]
        self.past = ((cosine - left) / (right - left)).astype(np.float32)
        self.shoppers, self.shopper = np.unique(history.shopper, return_inverse=True)
        self.mean, self.precision = before.of(self.shoppers, len(self.shoppers))
        self.by_shopper = _grouping(self.shopper, len(self.shoppers))
        self.by_query = _grouping(self.query, len(features))

    def look(self) -> _Look:
        """Residuals with what is known now."""
        style = self.style.astype(np.float32)[self.item]
        theta = self.theta[self.knot] + self.past * (self.theta[self.knot + 1] - self.theta[self.knot])
        wanted = np.matmul(style, self.wants.astype(np.float32)[self.query][:, :, None])[:, :, 0]
        liking = np.matmul(style, self.mean.astype(np.float32)[self.shopper][:, :, None])[:, :, 0]
        spread = np.matmul(style, self.variance()[self.shopper])
        softened = np.sqrt(1.0 + np.float32(np.pi / 8) * (spread * style).sum(axis=2))
        eta = (
            theta.astype(np.float32) + self.quality.astype(np.float32)[self.item] + wanted + liking
        ) / softened
        gain, weight = residual(eta, self.acted, self.examined)
        return _Look(style, spread, liking, gain.astype(np.float32), weight.astype(np.float32))

    def variance(self) -> Floats4:
        """Of each shopper's taste, float32 [n_shoppers, d, d]."""
        return np.asarray(np.linalg.inv(self.precision), dtype=np.float32)

    def meet_shoppers(self) -> None:
        """Tastes, given styles."""
        now, d = self.look(), self.dims
        information = self.by_shopper @ _information(now)
        self.precision = np.eye(d) + information.reshape(-1, d, d).astype(np.float64)
        pull = self.by_shopper @ _summed(now.gain + now.weight * now.liking, now.style)
        self.mean = np.asarray(np.linalg.solve(self.precision, pull.astype(np.float64)[:, :, None]))[:, :, 0]

    def fit_queries(self) -> None:
        """Theta and wants, each given all else."""
        now = self.look()
        self._fit_theta(now)
        self._fit_wants(now)

    def _fit_theta(self, now: _Look) -> None:
        """It never falls."""
        n = len(KNOTS)
        shares = ((self.knot, 1 - self.past), (self.knot + 1, self.past))
        pull, information = np.zeros(n), np.zeros((n, n))
        for knot, share in shares:
            pull += np.bincount(knot.ravel(), (now.gain * share).ravel(), n)
            for other, its_share in shares:
                cell, weight = knot * n + other, now.weight * share * its_share
                information += np.bincount(cell.ravel(), weight.ravel(), n * n).reshape(n, n)
        bend = np.diff(np.eye(n), axis=0)
        # Between knots that are seldom seen theta stays as steep as it is: only changes are smoothed.
        stiff = information + SMOOTH * bend.T @ bend + np.eye(n)
        # Newton's step from rare clicks to frequent ones is far too long: the curve is steep only later.
        step = np.clip(np.linalg.solve(stiff, pull), -LONGEST, LONGEST)
        self.theta = np.maximum.accumulate(self.theta + step)

    def _fit_wants(self, now: _Look) -> None:
        """Of the queries asked; the start is likeness to their own style."""
        d = self.dims
        self.queries = np.unique(self.query)
        information = (self.by_query @ _information(now)).reshape(-1, d, d)[self.queries].astype(np.float64)
        pull = (self.by_query @ _summed(now.gain, now.style))[self.queries].astype(np.float64)
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
        variance = self.variance()[self.shopper]
        towards = np.ones((len(self.query), d + 1), dtype=np.float32)
        towards[:, :d] = self.mean[self.shopper] + self.wants[self.query]
        square = towards[:, :, None] * towards[:, None, :]
        square[:, :d, :d] += np.float32(self.config.shrinkage) * variance
        square = square.reshape(len(square), -1)
        information = np.zeros((n, (d + 1) ** 2), dtype=np.float32)
        pull = np.zeros((n, d + 1), dtype=np.float32)
        for position in range(self.item.shape[1]):
            item = self.item[:, position]
            information += _grouping(item, n, now.weight[:, position]) @ square
            term = now.gain[:, position, None] * towards
            term[:, :d] -= now.weight[:, position, None] * now.spread[:, position]
            pull += _grouping(item, n) @ term
        return information.reshape(n, d + 1, d + 1).astype(np.float64), pull.astype(np.float64)

    def taste(self, kappa: float, likelihood: tuple[int, ...]) -> Taste:
        """What was learned."""
        wants = rounded(self.config.likeness * self.style)
        wants[self.queries] = rounded(self.wants[self.queries])
        return Taste(
            rounded(self.theta), self.metric, self.style, self.quality, wants, self.items, self.queries,
            self.shoppers, rounded(self.mean), rounded(_symmetric(self.precision)), kappa, likelihood,
        )  # fmt: skip


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
