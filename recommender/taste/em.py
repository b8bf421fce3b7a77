"""Learns styles, wants and tastes from the slates of earlier generations by
expectation-maximisation.

The tastes are the hidden part. The E-step, `expect_tastes`, finds each shopper's taste given
styles, as a normal distribution (Laplace's approximation of the logistic). The M-steps,
`maximise_likeness`, `maximise_wants` and `maximise_styles`, take theta with the distance, then
wants, then styles with the metric, each by a Newton step from where the last generation stood. A
generation makes a few such sweeps.

Sums run in the order of the slates, products are exact, and the results are rounded: what is
learned does not depend on threads, BLAS or processor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender import exact
from recommender.scoring.cointeraction import EXAMINATION
from recommender.scoring.pair_score import Learned
from recommender.taste.evidence import (
    KAPPAS,
    START_KAPPA,
    TasteEvidence,
    likeliest_kappa,
    welcome_of_new,
)
from recommender.taste.item_features import Distance, ItemFeatures
from recommender.taste.model import KNOTS, Floats, Taste, TasteConfig, rounded
from recommender.taste.pair_likeness import QueryItemPairs
from recommender.taste.score import log_odds, residual
from recommender.taste.sums import (
    CellGroups,
    asked_with,
    both_sides,
    by_rows,
    conjugate_gradients,
    symmetric,
    variances,
)
from recommender.taste.threads import beside, each

SLATES_AT_ONCE = 512
"""Slates that are computed at once: what they need stays in the processor's cache."""


PAIRS_AT_ONCE = 8_192
"""And pairs of query and item."""


def begin(config: TasteConfig, learned: Learned, item_features: ItemFeatures) -> Taste:
    """Before any slate: styles are a glimpse of the features, nobody's taste is known."""
    features = item_features.features
    n_components = item_features.components.shape[1]
    n, width = features.shape
    dims = min(config.dims, width)
    metric = rounded(config.start * np.eye(dims, width))
    style = rounded(features @ metric.T)
    nobody = np.zeros(0, dtype=np.int64)
    return Taste(
        theta=rounded(log_odds(learned.rate(np.array(KNOTS)))),
        weights=np.zeros(n_components),
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
        distance=Distance.of(item_features, np.zeros(n_components)),
    )


def learn_taste(
    config: TasteConfig,
    before: Taste,
    evidence: TasteEvidence,
) -> Taste:
    """Sweeps over the history, from where the last generation stood."""
    if not len(evidence.history):
        return before
    sweep, (kappa, likelihood) = beside(
        lambda: _Sweep(config, before, evidence), lambda: likeliest_kappa(before, evidence)
    )
    for number in range(config.sweeps):
        sweep.expect_tastes()
        if number == 0:
            sweep.maximise_likeness()
        sweep.maximise_wants()
        sweep.maximise_styles()
    sweep.expect_tastes()
    return sweep.taste(kappa, likelihood, welcome_of_new(config, before, evidence))


@dataclass(frozen=True)
class _Residuals:
    """Of every item of every slate [n, k], with what is known now."""

    liking: Floats
    """What the shopper's taste adds to the log-odds."""

    gain: Floats
    """Clicks beyond the expected."""

    weight: Floats
    """Information of the gain, in expected clicks."""


class _Sweep:
    """The state of one generation's learning; its steps must come in the order of `learn_taste`."""

    def __init__(self, config: TasteConfig, before: Taste, evidence: TasteEvidence) -> None:
        history = evidence.history
        item_features = evidence.item_features
        self.config = config
        self.item_features = item_features
        self.features = item_features.features
        self.dims = before.dims
        self.theta = before.theta
        self.weights = before.weights
        self.metric = before.metric
        self.style = before.style
        self.quality = before.quality
        self.wants = before.wants
        self.query = history.query.astype(np.int64)
        is_shown = history.shown >= 0
        self.item = np.maximum(history.shown, 0).astype(np.int64)
        self.acted = history.acted & is_shown
        self.examined = is_shown * (evidence.learned.weights / EXAMINATION)
        self.pairs = QueryItemPairs(item_features, self.query, self.item)
        self.likeness = self.pairs.curve(self.theta) - self.pairs.distances(self.weights)
        self.shoppers, self.shopper = np.unique(history.shopper, return_inverse=True)
        self.mean, precision = before.of(self.shoppers, len(self.shoppers))
        self.precision = precision
        self.variance = variances(precision)
        self._felt: tuple[Floats, Floats] | None = None  # until tastes or styles change
        k = self.item.shape[1]
        item = self.item.ravel()
        shopper = np.repeat(self.shopper, k)
        slate = np.repeat(np.arange(len(self.query)), k)
        self.queries, place = np.unique(self.query, return_inverse=True)
        cells = (
            (shopper, item, len(self.shoppers)),
            (np.repeat(place, k), item, len(self.queries)),
            (item, slate, len(self.features)),
            (item, shopper, len(self.features)),
        )
        self.by_shopper, self.by_query, self.by_item, self.shopper_by_item = each(
            lambda one: CellGroups.of(*cells[one.start]), len(cells), 1
        )
        self.pictures = self.queries[~evidence.is_candidate[self.queries]]
        self.by_picture = asked_with(self.shopper, self.query, self.pictures, len(self.shoppers))

    def residuals(self) -> _Residuals:
        """With what is known now. All products are of gridded numbers, hence exact."""
        pairs = self.pairs
        if self._felt is None:
            self._felt = self._feel()
        liking, softened = self._felt

        def without_taste(part: slice) -> Floats:
            item = pairs.item[part]
            wanted = np.einsum("nd,nd->n", self.style[item], self.wants[pairs.query[part]])
            return np.asarray(self.likeness[part] + self.quality[item] + wanted)

        offset = np.concatenate(each(without_taste, len(pairs), PAIRS_AT_ONCE))
        gain = np.empty(liking.shape)
        weight = np.empty(liking.shape)

        def some(part: slice) -> None:
            eta = (offset[pairs.of[part]] + liking[part]) / softened[part]
            gain[part], weight[part] = residual(eta, self.acted[part], self.examined[part])

        each(some, len(self.query), SLATES_AT_ONCE)
        return _Residuals(liking, gain, weight)

    def _feel(self) -> tuple[Floats, Floats]:
        """What tastes add to the log-odds [n, k], and what divides these as tastes are unsure."""
        liking = np.empty(self.item.shape)
        softened = np.empty(self.item.shape)

        def some(part: slice) -> None:
            style = self.style[self.item[part]]
            who = self.shopper[part]
            liking[part] = np.matmul(style, self.mean[who][:, :, None])[:, :, 0]
            spread = np.einsum("nkd,nkd->nk", np.matmul(style, self.variance[who]), style)
            softened[part] = np.sqrt(1.0 + np.pi / 8 * spread)

        each(some, len(self.query), SLATES_AT_ONCE)
        return liking, softened

    def expect_tastes(self) -> None:
        """E-step: tastes, given styles."""
        now = self.residuals()
        d = self.dims
        information = self._information(self.by_shopper, now)
        pull = self.by_shopper.summed(now.gain + now.weight * now.liking, self.style)
        self.choice, self.certainty = self._choices()
        information += (self.by_picture @ self.certainty.reshape(-1, d * d)).reshape(-1, d, d)
        pull += self.by_picture @ self.choice
        self.precision = np.eye(d) + information
        self.variance = variances(self.precision)
        self.mean = rounded(by_rows(exact.solved, self.precision, pull))
        self._felt = None

    def _information(self, groups: CellGroups, now: _Residuals) -> Floats:
        """By group the sum of weight * style style': [n_groups, d, d]."""
        row, column = np.triu_indices(self.dims)
        half = groups.summed(now.weight, self.style[:, row] * self.style[:, column])
        return both_sides(half, self.dims)

    def _choices(self) -> tuple[Floats, Floats]:
        """Pull [n_pictures, d] and information [n_pictures, d, d] of having asked with a picture.

        She takes one of several, the likelier the better it fits her taste: the gradient of the
        logarithm of a logit's chance at taste 0, and its curvature.
        """
        item_features = self.item_features
        config = self.config
        d = self.dims
        styles = rounded(self.features @ self.metric.T)
        others = styles[item_features.pool]
        cosine = (
            item_features.embeddings[self.pictures] @ item_features.embeddings[item_features.pool].T
        )
        share = exact.exp(config.alike * (cosine.astype(np.float64) - 1.0))
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
        mean = exact.product(share, others)
        square = exact.product(
            share, (others[:, :, None] * others[:, None, :]).reshape(len(others), d * d)
        )
        spread = square.reshape(-1, d, d) - mean[:, :, None] * mean[:, None, :]
        pull = config.choice * (styles[self.pictures] - mean)
        return rounded(pull), rounded(symmetric(config.choice**2 * spread))

    def maximise_likeness(self) -> None:
        """M-step: theta and the distance, given all else."""
        now = self.residuals()
        self.theta, self.weights = self.pairs.step(
            self.theta, self.weights, now.gain, now.weight, apart=self.config.apart
        )
        self.likeness = self.pairs.curve(self.theta) - self.pairs.distances(self.weights)

    def maximise_wants(self) -> None:
        """M-step: wants of the queries asked, given all else; they start at likeness to their own
        style.
        """
        now = self.residuals()
        worth = self.config.wants
        information = self._information(self.by_query, now)
        pull = self.by_query.summed(now.gain, self.style)
        pull += by_rows(exact.times, information, self.wants[self.queries])
        self.wants = rounded(self.config.likeness * self.style)
        pull += worth * self.wants[self.queries]
        self.wants[self.queries] = rounded(
            by_rows(exact.solved, information + worth * np.eye(self.dims), pull)
        )

    def maximise_styles(self) -> None:
        """M-step: styles and qualities of the items shown and the metric behind them, given all
        else.
        """
        now = self.residuals()
        d = self.dims
        config = self.config
        information, pull = self._of_items(now)
        self.items = np.flatnonzero(information[:, d, d] > 0)
        information = information[self.items]
        pull = pull[self.items]
        known = np.column_stack([self.style, self.quality])[self.items]
        pull += by_rows(exact.times, information, known)
        worth = np.append(np.full(d, config.own), config.quality)
        inverse = by_rows(exact.inverse, information + np.diag(worth))
        features = self.features[self.items]

        def on_metric(pulls: Floats) -> Floats:
            """What pulls on styles say of the metric once the items' own parts are integrated
            out.
            """
            own = config.own * by_rows(exact.times, inverse, pulls)[:, :d]
            return exact.product(own.T, features)

        def stiffness(metric: Floats) -> Floats:
            styles = exact.product(features, metric.T)
            pulls = by_rows(exact.times, information[:, :, :d], styles)
            return on_metric(pulls) + config.metric * metric

        self.metric = rounded(conjugate_gradients(stiffness, on_metric(pull), self.metric))
        self.style = rounded(self.features @ self.metric.T)
        self.quality = np.zeros(len(self.features))
        start = np.column_stack([self.style[self.items], np.zeros(len(self.items))])
        state = rounded(by_rows(exact.times, inverse, pull + worth * start))
        self.style[self.items] = state[:, :d]
        self.quality[self.items] = state[:, d]
        self._felt = None

    def _of_items(self, now: _Residuals) -> tuple[Floats, Floats]:
        """Information [n, d + 1, d + 1] on style and quality by item, and the pull [n, d + 1] on
        them.
        """
        d = self.dims
        towards = np.ones((len(self.query), d + 1), dtype=np.float32)
        towards[:, :d] = self.mean[self.shopper] + self.wants[self.query]
        # A symmetric matrix is known by its upper half.
        row, column = np.triu_indices(d + 1)
        half = self.by_item.summed(now.weight, towards[:, row] * towards[:, column])
        information = both_sides(half, d + 1)
        row, column = np.triu_indices(d)
        half = self.shopper_by_item.summed(now.weight, self.variance[:, row, column])
        unsure = both_sides(half, d)
        information[:, :d, :d] += self.config.shrinkage * unsure
        pull = self.by_item.summed(now.gain, towards)
        pull[:, :d] -= by_rows(exact.times, unsure, self.style)
        return information, pull

    def taste(self, kappa: float, likelihood: tuple[int, ...], welcome: float | None) -> Taste:
        """What was learned."""
        wants = rounded(self.config.likeness * self.style)
        wants[self.queries] = rounded(self.wants[self.queries])
        choice = np.zeros((len(self.queries), self.dims))
        certainty = np.zeros((*choice.shape, self.dims))
        place = np.searchsorted(self.queries, self.pictures)
        choice[place], certainty[place] = self.choice, self.certainty
        return Taste(
            rounded(self.theta),
            self.weights,
            self.metric,
            self.style,
            self.quality,
            wants,
            self.items,
            self.queries,
            choice,
            certainty,
            self.shoppers,
            rounded(self.mean),
            rounded(symmetric(self.precision)),
            kappa,
            likelihood,
            welcome,
            Distance.of(self.item_features, self.weights),
        )
