"""Learns styles, wants and tastes from the slates of earlier generations, in a few sweeps a generation.

Expectation-maximisation with the tastes as the hidden part (Laplace for the logistic): tastes given styles,
then theta, wants, styles and the metric given tastes, each by a Newton step from where the last generation
stood. Sums run in the order of the slates, products are exact, and the results are rounded: what is learned
does not depend on threads, BLAS or processor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender import exact
from recommender.scoring.cointeraction import EXAMINATION, Counts
from recommender.scoring.pair_score import Learned
from recommender.taste.history import History
from recommender.taste.item_features import Distance, Looks
from recommender.taste.model import KNOTS, Floats, Taste, TasteConfig, rounded
from recommender.taste.pair_likeness import Pairs
from recommender.taste.score import log_odds, pair_chance, residual, seen

KAPPAS = (8.0, 16.0, 24.0, 32.0, 64.0, 128.0)
"""The choices of kappa."""
START_KAPPA = 24.0
FIXED = 1 << 20
"""Log-likelihoods are rounded to 1/FIXED before they are summed."""
VARIANCE_STEPS = 2.0**16
"""Variances of tastes are multiples of 1/VARIANCE_STEPS."""
SOME = 2_048
"""Slates that are looked at at once: what they need stays in the processor's cache."""
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
    missing = exact.log(np.array(config.fair * max(fair, 1.0) / max(new, 1.0)))
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
        gain = exact.log(np.where(acted[told], expected, 1.0 - expected))
        tallies[number] += int(np.rint(gain * FIXED).astype(np.int64).sum())
    best = KAPPAS[int(np.argmax(tallies))] if tallies.any() else START_KAPPA
    return best, tuple(int(tally) for tally in tallies)


@dataclass(frozen=True)
class _Look:
    """Every item of every slate [n, k] at one state.

    liking: what the shopper's taste adds to the log-odds; gain: clicks beyond the expected; weight: their
    information.
    """

    liking: Floats
    gain: Floats
    weight: Floats


@dataclass(frozen=True)
class _Groups:
    """Cells, each of one group and one row of a table, by group in the order of the cells."""

    order: NDArray[np.integer]
    row: NDArray[np.int64]
    begin: NDArray[np.integer]

    @classmethod
    def of(cls, group: NDArray[np.int64], row: NDArray[np.int64], n: int) -> _Groups:
        """Group and row of each cell, int64 [n_cells]; n: groups."""
        shape = (len(group), n)
        by_group = sparse.csr_array((np.ones(len(group)), group, np.arange(len(group) + 1)), shape).tocsc()
        return cls(by_group.indices, row[by_group.indices], by_group.indptr)

    def __len__(self) -> int:
        return len(self.begin) - 1

    def summed(self, factor: Floats, table: NDArray[np.floating]) -> Floats:
        """By group the sum over its cells of factor times the cell's row of the table [m, c].

        float64 [n_groups, c], added up in float32 in the order of the cells.
        """
        ordered = factor.ravel()[self.order].astype(np.float32)
        matrix = sparse.csr_array((ordered, self.row, self.begin), shape=(len(self), len(table)))
        return np.asarray(matrix @ table.astype(np.float32), dtype=np.float64)


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
        self.examined = is_shown * (evidence.learned.weights / EXAMINATION)
        self.pairs = Pairs(looks, self.query, self.item)
        self.likeness = self.pairs.curve(self.theta) - self.pairs.distances(self.weights)
        self.shoppers, self.shopper = np.unique(history.shopper, return_inverse=True)
        self.mean, precision = before.of(self.shoppers, len(self.shoppers))
        self.precision = precision
        self.variance = _variance(precision)
        k, item = self.item.shape[1], self.item.ravel()
        shopper, slate = np.repeat(self.shopper, k), np.repeat(np.arange(len(self.query)), k)
        self.queries, place = np.unique(self.query, return_inverse=True)
        self.by_shopper = _Groups.of(shopper, item, len(self.shoppers))
        self.by_query = _Groups.of(np.repeat(place, k), item, len(self.queries))
        self.by_item = _Groups.of(item, slate, len(self.features))
        self.shopper_by_item = _Groups.of(item, shopper, len(self.features))
        self.pictures = self.queries[~evidence.is_candidate[self.queries]]
        self.by_picture = _asked_with(self.shopper, self.query, self.pictures, len(self.shoppers))

    def look(self) -> _Look:
        """Residuals with what is known now. All products are of gridded numbers, hence exact."""
        pairs = self.pairs
        wanted = np.einsum("nd,nd->n", self.style[pairs.item], self.wants[pairs.query])
        offset = (self.likeness + self.quality[pairs.item] + wanted)[pairs.of]
        liking, spread = np.empty(offset.shape), np.empty(offset.shape)
        for begin in range(0, len(offset), SOME):
            part = slice(begin, begin + SOME)
            style, who = self.style[self.item[part]], self.shopper[part]
            liking[part] = np.matmul(style, self.mean[who][:, :, None])[:, :, 0]
            np.einsum("nkd,nkd->nk", np.matmul(style, self.variance[who]), style, out=spread[part])
        softened = np.sqrt(1.0 + np.pi / 8 * spread)
        gain, weight = residual((offset + liking) / softened, self.acted, self.examined)
        return _Look(liking, gain, weight)

    def meet_shoppers(self) -> None:
        """Tastes, given styles."""
        now, d = self.look(), self.dims
        information = self._information(self.by_shopper, now)
        pull = self.by_shopper.summed(now.gain + now.weight * now.liking, self.style)
        self.choice, self.certainty = self._choices()
        information += (self.by_picture @ self.certainty.reshape(-1, d * d)).reshape(-1, d, d)
        pull += self.by_picture @ self.choice
        self.precision = np.eye(d) + information
        self.variance = _variance(self.precision)
        self.mean = rounded(exact.solved(self.precision, pull))

    def _information(self, groups: _Groups, now: _Look) -> Floats:
        """By group the sum of weight * style style': [n_groups, d, d]."""
        row, column = np.triu_indices(self.dims)
        found = np.empty((len(groups), self.dims, self.dims))
        half = groups.summed(now.weight, self.style[:, row] * self.style[:, column])
        found[:, row, column] = found[:, column, row] = half
        return found

    def _choices(self) -> tuple[Floats, Floats]:
        """Pull [n_pictures, d] and information [n_pictures, d, d] of having asked with a picture.

        She takes one of several, the likelier the better it fits her taste: the gradient of the logarithm of
        a logit's chance at taste 0, and its curvature.
        """
        looks, config, d = self.looks, self.config, self.dims
        styles = rounded(self.features @ self.metric.T)
        others = styles[looks.pool]
        cosine = looks.embeddings[self.pictures] @ looks.embeddings[looks.pool].T
        share = exact.exp(config.alike * (cosine.astype(np.float64) - 1.0))
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
        mean = exact.product(share, others)
        square = exact.product(share, (others[:, :, None] * others[:, None, :]).reshape(len(others), d * d))
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
        now, worth = self.look(), self.config.wants
        information = self._information(self.by_query, now)
        pull = self.by_query.summed(now.gain, self.style)
        pull += exact.times(information, self.wants[self.queries])
        self.wants = rounded(self.config.likeness * self.style)
        pull += worth * self.wants[self.queries]
        self.wants[self.queries] = rounded(exact.solved(information + worth * np.eye(self.dims), pull))

    def fit_styles(self) -> None:
        """Styles and qualities of the items shown and the metric behind them, given all else."""
        now, d, config = self.look(), self.dims, self.config
        information, pull = self._of_items(now)
        self.items = np.flatnonzero(information[:, d, d] > 0)
        information, pull = information[self.items], pull[self.items]
        pull += exact.times(information, np.column_stack([self.style, self.quality])[self.items])
        worth = np.append(np.full(d, config.own), config.quality)
        inverse = exact.inverse(information + np.diag(worth))
        features = self.features[self.items]

        def told(pulls: Floats) -> Floats:
            """What pulls on styles say of the metric once the items' own parts are integrated out."""
            own = config.own * exact.times(inverse, pulls)[:, :d]
            return exact.product(own.T, features)

        def stiffness(metric: Floats) -> Floats:
            styles = exact.product(features, metric.T)
            return told(exact.times(information[:, :, :d], styles)) + config.metric * metric

        self.metric = rounded(_descended(stiffness, told(pull), self.metric))
        self.style = rounded(self.features @ self.metric.T)
        self.quality = np.zeros(len(self.features))
        start = np.column_stack([self.style[self.items], np.zeros(len(self.items))])
        state = rounded(exact.times(inverse, pull + worth * start))
        self.style[self.items], self.quality[self.items] = state[:, :d], state[:, d]

    def _of_items(self, now: _Look) -> tuple[Floats, Floats]:
        """Information [n, d + 1, d + 1] on style and quality by item, and the pull [n, d + 1] on them."""
        d, n = self.dims, len(self.features)
        towards = np.ones((len(self.query), d + 1), dtype=np.float32)
        towards[:, :d] = self.mean[self.shopper] + self.wants[self.query]
        # A symmetric matrix is told by its upper half.
        row, column = np.triu_indices(d + 1)
        information = np.empty((n, d + 1, d + 1))
        half = self.by_item.summed(now.weight, towards[:, row] * towards[:, column])
        information[:, row, column] = information[:, column, row] = half
        row, column = np.triu_indices(d)
        unsure = np.empty((n, d, d))
        half = self.shopper_by_item.summed(now.weight, self.variance[:, row, column])
        unsure[:, row, column] = unsure[:, column, row] = half
        information[:, :d, :d] += self.config.shrinkage * unsure
        pull = self.by_item.summed(now.gain, towards)
        pull[:, :d] -= exact.times(unsure, self.style)
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


def _variance(precision: Floats) -> Floats:
    """Variances of tastes, float64 [n_shoppers, d, d], at most 1.

    They are so coarse that style' variance style is exact for every style shorter than 90.
    """
    return np.asarray(np.rint(exact.inverse(precision) * VARIANCE_STEPS) / VARIANCE_STEPS)


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
    """The upper half of each matrix [n, d, d] on both sides: rounded sums may differ in the last place."""
    upper = np.triu(matrix)
    return np.asarray(upper + np.triu(matrix, 1).transpose(0, 2, 1))
