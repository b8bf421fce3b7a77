"""What a generation knows of items' style and shoppers' taste, beyond what one look or one pair can tell.

Log-odds of a click on j, asked with q by a shopper of taste u:

    theta(cosine of q and j) - distance(q, j) + quality_j + wants_q . style_j + u . style_j

style_j = metric . features_j + what clicks on j add. distance = 1/2 sum over the principal axes of the
catalogue of weight * (difference)^2, the weights learned. A taste is normal, with mean 0 and variance 1
before anything is seen of the shopper (factor model with side information: Agarwal and Chen,
Regression-based latent factor models, KDD 2009). What is seen of her: clicks, refusals, and the pictures
that she chose to ask with.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.taste.item_features import GRAIN, Distance, Floats, Looks, rounded

__all__ = ["GRAIN", "KNOTS", "Floats", "Taste", "TasteConfig", "Whole", "rounded"]

Whole = NDArray[np.int64]

KNOTS = (-1.0, -0.3, 0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.985, 1.0)
"""Cosines at which theta is known; straight between them."""

VERSION = 3
"""Of what `Taste.pack` writes, and of the arithmetic that learned it."""


@dataclass(frozen=True)
class TasteConfig:
    """How tastes and styles are learned.

    dims: of style and taste; 0: none are learned. slates: how many of the last ones are learned from. own,
    quality, wants: information, in expected clicks, that the start values of an item's style, its quality and
    a query's wants are worth. likeness: how much of its own style a query asks for, to start with. metric:
    the same for the metric; start: its entries before. shrinkage: share of a taste's variance that slows the
    learning of styles. apart: information that the start, 0, of each axis' weight in the distance is worth.
    choice: how much of her taste shows in the choice of a picture to ask with; alike: how fast pictures that
    she might have asked with instead stop counting, with 1 - cosine. welcome: log-odds that items have when
    they come in later than others, learned from then on so that they get the share `fair` of what would be
    their part of all that is shown; settled: examinations after which it is down to 0.7. sweeps: over the
    slates, a generation. newton: steps of a taste's posterior at a request.
    """

    dims: int = 12
    slates: int = 40_000
    own: float = 15.0
    quality: float = 25.0
    wants: float = 4.0
    likeness: float = 2.0
    metric: float = 30.0
    start: float = 0.15
    shrinkage: float = 0.3
    apart: float = 3.0
    choice: float = 0.5
    alike: float = 12.0
    welcome: float = 0.1
    fair: float = 0.95
    settled: float = 100.0
    sweeps: int = 2
    newton: int = 2

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
    """What is known after a generation; all but kappa are multiples of 1/GRAIN.

    theta float64 [knots]; weights float64 [axes], of the distance; metric float64 [dims, features]; style
    float64 [n, dims], quality float64 [n] and wants float64 [n, dims] by item; items, queries int64: those
    with evidence of their own (the rest follows from the metric). choice float64 [n_queries, dims] and
    certainty float64 [n_queries, dims, dims]: pull on a taste and information of it where a picture was asked
    with. shoppers int64 [m], rising; mean float64 [m, dims], precision float64 [m, dims, dims] of their
    tastes. kappa: examinations at which a pair's own clicks weigh half; likelihood: by kappa. welcome:
    log-odds added to new items, None before there are any. distance: what follows from the weights.
    """

    theta: Floats
    weights: Floats
    metric: Floats
    style: Floats
    quality: Floats
    wants: Floats
    items: Whole
    queries: Whole
    choice: Floats
    certainty: Floats
    shoppers: Whole
    mean: Floats
    precision: Floats
    kappa: float
    likelihood: tuple[int, ...]
    welcome: float | None
    distance: Distance

    @property
    def dims(self) -> int:
        """Of style and taste."""
        return len(self.metric)

    def of(self, shopper: Whole | None, n: int) -> tuple[Floats, Floats]:
        """Mean [n, dims] and precision [n, dims, dims] of shoppers' tastes; of strangers what all start
        with.
        """
        mean = np.zeros((n, self.dims))
        precision = np.broadcast_to(np.eye(self.dims), (n, self.dims, self.dims)).copy()
        if shopper is not None and len(self.shoppers):
            place = np.minimum(np.searchsorted(self.shoppers, shopper), len(self.shoppers) - 1)
            known = np.flatnonzero(self.shoppers[place] == shopper)
            mean[known], precision[known] = self.mean[place[known]], self.precision[place[known]]
        return mean, precision

    def chosen(self, query: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Pull [n, dims] and information [n, dims, dims] on tastes of having asked with queries [n]; 0 where
        no picture was chosen, -1 included.
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
            self.theta, self.weights, self.metric,
            self.style[self.items], self.quality[self.items], self.wants[self.queries],
            self.choice, self.certainty[:, upper[0], upper[1]],
            self.mean, self.precision[:, upper[0], upper[1]],
        ]  # fmt: skip
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

    @classmethod
    def unpack(cls, packed: bytes, looks: Looks, *, likeness: float) -> Taste:
        """The inverse of pack; raises ValueError for what another version of Windowshop packed."""
        line, _, rest = packed.partition(b"\n")
        head = json.loads(line)
        if head.get("version") != VERSION:
            raise ValueError(f"tastes of version {head.get('version')} were stored, {VERSION} is read")
        columns, begin = [], 0
        for number, shape in enumerate(head["shapes"]):
            kind, size = ("<f4", 4) if number < len(head["shapes"]) - 3 else ("<i8", 8)
            count = int(np.prod(shape))
            columns.append(np.frombuffer(rest, kind, count, begin).reshape(shape))
            begin += size * count
        floats = [column.astype(np.float64) for column in columns[:-3]]
        theta, weights, metric, own_style, own_quality, own_wants, choice, certainty, mean, precision = floats
        items, queries, shoppers = (column.astype(np.int64) for column in columns[-3:])
        style, quality = rounded(looks.features @ metric.T), np.zeros(len(looks.features))
        style[items], quality[items] = own_style, own_quality
        wants = rounded(likeness * style)
        wants[queries] = own_wants
        return cls(
            theta, weights, metric, style, quality, wants, items, queries,
            choice, _whole(certainty, len(metric)), shoppers, mean, _whole(precision, len(metric)),
            head["kappa"], tuple(head["likelihood"]), head["welcome"], Distance.of(looks, weights),
        )  # fmt: skip


def _whole(triangle: Floats, dims: int) -> Floats:
    """Symmetric matrices [m, dims, dims] from their upper triangles."""
    matrix = np.zeros((len(triangle), dims, dims))
    upper = np.triu_indices(dims)
    matrix[:, upper[0], upper[1]] = matrix[:, upper[1], upper[0]] = triangle
    return matrix
