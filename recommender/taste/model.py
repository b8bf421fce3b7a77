"""What a generation knows of items' style and shoppers' taste, beyond one picture or one pair.

Log-odds of a click on j, asked with q by a shopper of taste u:

    theta(cosine of q and j) - distance(q, j) + quality_j + wants_q . style_j + u . style_j

style_j = metric . features_j + what clicks on j add. distance = 1/2 sum over the principal
components of the catalogue of weight * (difference)^2, the weights learned. A taste is normal,
with mean 0 and variance 1 before anything is seen of the shopper (factor model with side
information: Agarwal and Chen, Regression-based latent factor models, KDD 2009). What is seen of
her: clicks, refusals, and the pictures that she chose to ask with.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.taste.item_features import GRAIN, Distance, Floats, ItemFeatures, rounded

__all__ = ["GRAIN", "KNOTS", "Floats", "Taste", "TasteConfig", "Whole", "rounded"]

Whole = NDArray[np.int64]

KNOTS = (-1.0, -0.3, 0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.985, 1.0)
"""Cosines at which theta is known; straight between them."""

VERSION = 3
"""Of what `Taste.pack` writes, and of the arithmetic that learned it."""


@dataclass(frozen=True)
class TasteConfig:
    """How tastes and styles are learned."""

    dims: int = 12
    """Numbers of a style and of a taste; 0: none are learned."""

    slates: int = 40_000
    """How many of the last slates are learned from."""

    own: float = 15.0
    """What the start value of an item's style is worth: information, in expected clicks."""

    quality: float = 25.0
    """What the start value of an item's quality, 0, is worth: information, in expected clicks."""

    wants: float = 4.0
    """What the start value of a query's wants is worth: information, in expected clicks."""

    likeness: float = 2.0
    """A query's wants start as its own style times this."""

    metric: float = 30.0
    """What the metric's value 0 is worth: information, in expected clicks."""

    start: float = 0.15
    """The metric's diagonal before anything is learned: style per feature."""

    shrinkage: float = 0.3
    """Share of a taste's variance, 0 to 1, that slows the learning of styles."""

    apart: float = 3.0
    """What the start, 0, of a component's weight in the distance is worth: information."""

    choice: float = 0.5
    """Log-odds of choosing a picture to ask with, per unit of taste . style: how much taste shows
    there.
    """

    alike: float = 12.0
    """How fast pictures that she might have asked with instead stop counting: exp(-alike (1 -
    cosine)).
    """

    welcome: float = 0.1
    """Log-odds added to items that come in later than others, until it is learned."""

    fair: float = 0.95
    """The share of their part of all that is shown which items that came later shall get."""

    settled: float = 100.0
    """Examinations after which an item's welcome is down to 0.7 of it."""

    sweeps: int = 2
    """Sweeps over the slates in a generation."""

    newton: int = 2
    """Newton steps of a taste's posterior at a request."""

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that means nothing."""
        if self.dims < 0 or min(self.slates, self.sweeps, self.newton) < 1:
            raise ValueError("taste needs dims >= 0; slates, sweeps and newton >= 1")
        if min(self.own, self.quality, self.wants, self.metric, self.apart) <= 0:
            raise ValueError("own, quality, wants, metric and apart must be > 0")
        if not 0 <= self.shrinkage <= 1 or min(self.choice, self.alike, self.welcome) < 0:
            raise ValueError("shrinkage must be between 0 and 1, choice, alike and welcome >= 0")
        if min(self.fair, self.settled) <= 0:
            raise ValueError("fair and settled must be > 0")


@dataclass(frozen=True)
class Taste:
    """What is known after a generation; all but kappa are multiples of 1/GRAIN."""

    theta: Floats
    """[knots]: log-odds of a click by the cosine of query and item, at KNOTS."""

    weights: Floats
    """[components]: of the distance."""

    metric: Floats
    """[dims, features]: makes a style of an item's features."""

    style: Floats
    """[n, dims], by item."""

    quality: Floats
    """[n], by item: log-odds of its own."""

    wants: Floats
    """[n, dims], by query item: what it asks for in the space of styles."""

    items: Whole
    """Items with evidence of their own; the style of all others follows from the metric."""

    queries: Whole
    """[n_queries], rising: query items with evidence of their own."""

    choice: Floats
    """[n_queries, dims]: pull on a taste of having asked with that picture."""

    certainty: Floats
    """[n_queries, dims, dims]: information on a taste of having asked with that picture."""

    shoppers: Whole
    """[m], rising: shoppers of whom slates were read."""

    mean: Floats
    """[m, dims], of their tastes."""

    precision: Floats
    """[m, dims, dims], of their tastes."""

    kappa: float
    """Examinations at which a pair's own clicks weigh half."""

    likelihood: tuple[int, ...]
    """Of each choice of kappa, log-likelihood of the clicks so far in whole steps."""

    welcome: float | None
    """Log-odds added to new items; None before there are any."""

    distance: Distance
    """What follows from the weights."""

    @property
    def dims(self) -> int:
        """Of style and taste."""
        return len(self.metric)

    def of(self, shopper: Whole | None, n: int) -> tuple[Floats, Floats]:
        """Mean [n, dims] and precision [n, dims, dims] of shoppers' tastes; of strangers what all
        start with.
        """
        mean = np.zeros((n, self.dims))
        precision = np.broadcast_to(np.eye(self.dims), (n, self.dims, self.dims)).copy()
        if shopper is not None and len(self.shoppers):
            place = np.minimum(np.searchsorted(self.shoppers, shopper), len(self.shoppers) - 1)
            known = np.flatnonzero(self.shoppers[place] == shopper)
            mean[known] = self.mean[place[known]]
            precision[known] = self.precision[place[known]]
        return mean, precision

    def chosen(self, query: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Pull [n, dims] and information [n, dims, dims] on tastes of having asked with queries
        [n]; 0 where no picture was chosen, -1 included.
        """
        if not len(self.queries):
            return np.zeros((len(query), self.dims)), np.zeros((len(query), self.dims, self.dims))
        place = np.minimum(np.searchsorted(self.queries, query), len(self.queries) - 1)
        known = self.queries[place] == query
        return self.choice[place] * known[:, None], self.certainty[place] * known[:, None, None]

    def pack(self) -> bytes:
        """A line of JSON with the sizes, then float32 and int64 columns; nothing is lost by it."""
        upper = np.triu_indices(self.dims)
        floats = [
            self.theta,
            self.weights,
            self.metric,
            self.style[self.items],
            self.quality[self.items],
            self.wants[self.queries],
            self.choice,
            self.certainty[:, upper[0], upper[1]],
            self.mean,
            self.precision[:, upper[0], upper[1]],
        ]
        whole = [self.items, self.queries, self.shoppers]
        head = {
            "version": VERSION,
            "shapes": [list(column.shape) for column in (*floats, *whole)],
            "kappa": self.kappa,
            "likelihood": self.likelihood,
            "welcome": self.welcome,
        }
        line = json.dumps(head, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        columns = [column.astype("<f4").tobytes() for column in floats]
        return b"".join([line, *columns, *(column.astype("<i8").tobytes() for column in whole)])

    def longer(self, item_features: ItemFeatures, *, likeness: float) -> Taste:
        """The same of more items, see `ItemFeatures.longer`: nobody has acted on these."""
        more = rounded(item_features.features[len(self.style) :] @ self.metric.T)
        return replace(
            self,
            style=np.concatenate([self.style, more]),
            quality=np.append(self.quality, np.zeros(len(more))),
            wants=np.concatenate([self.wants, rounded(likeness * more)]),
            distance=self.distance.longer(item_features),
        )

    @classmethod
    def unpack(cls, packed: bytes, item_features: ItemFeatures, *, likeness: float) -> Taste:
        """The inverse of pack; raises ValueError for what another version of Windowshop packed."""
        line, _, rest = packed.partition(b"\n")
        head = json.loads(line)
        if head.get("version") != VERSION:
            raise ValueError(
                f"tastes of version {head.get('version')} were stored, {VERSION} is read"
            )
        columns = []
        begin = 0
        for number, shape in enumerate(head["shapes"]):
            kind, size = ("<f4", 4) if number < len(head["shapes"]) - 3 else ("<i8", 8)
            count = int(np.prod(shape))
            columns.append(np.frombuffer(rest, kind, count, begin).reshape(shape))
            begin += size * count
        floats = [column.astype(np.float64) for column in columns[:-3]]
        (
            theta,
            weights,
            metric,
            own_style,
            own_quality,
            own_wants,
            choice,
            certainty,
            mean,
            precision,
        ) = floats
        items, queries, shoppers = (column.astype(np.int64) for column in columns[-3:])
        style = rounded(item_features.features @ metric.T)
        quality = np.zeros(len(item_features.features))
        style[items] = own_style
        quality[items] = own_quality
        wants = rounded(likeness * style)
        wants[queries] = own_wants
        return cls(
            theta,
            weights,
            metric,
            style,
            quality,
            wants,
            items,
            queries,
            choice,
            _symmetric(certainty, len(metric)),
            shoppers,
            mean,
            _symmetric(precision, len(metric)),
            head["kappa"],
            tuple(head["likelihood"]),
            head["welcome"],
            Distance.of(item_features, weights),
        )


def _symmetric(triangle: Floats, dims: int) -> Floats:
    """Symmetric matrices [m, dims, dims] from their upper triangles."""
    matrix = np.zeros((len(triangle), dims, dims))
    upper = np.triu_indices(dims)
    matrix[:, upper[0], upper[1]] = matrix[:, upper[1], upper[0]] = triangle
    return matrix
