"""What a generation knows of items' style and shoppers' taste, beyond what one look or one pair can tell.

Log-odds of a click on j, asked with q by a shopper of taste u:

    theta(cosine of q and j) + quality_j + wants_q . style_j + u . style_j

style_j = metric . features_j + what clicks on j add. A taste is normal, with mean 0 and variance 1 before
anything is seen of the shopper (factor model with side information: Agarwal and Chen, Regression-based latent
factor models, KDD 2009).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.similarity import STEPS

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

GRAIN = 2.0**12
"""Styles, wants and tastes are multiples of 1/GRAIN: float64 then holds their products exactly, in any
order."""

KNOTS = (-1.0, -0.3, 0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.985, 1.0)
"""Cosines at which theta is known; straight between them."""


@dataclass(frozen=True)
class TasteConfig:
    """How tastes and styles are learned.

    dims: of style and taste; 0: none are learned. slates: how many of the last ones are learned from. own,
    quality, wants: information, in expected clicks, that the start values of an item's style, its quality and
    a query's wants are worth. likeness: how much of its own style a query asks for, to start with. metric:
    the same for the metric; start: its entries before. shrinkage: share of a taste's variance that slows the
    learning of styles. sweeps: over the slates, a generation. newton: steps of a taste's posterior at a
    request.
    """

    dims: int = 12
    slates: int = 40_000
    own: float = 15.0
    quality: float = 45.0
    wants: float = 4.0
    likeness: float = 2.0
    metric: float = 30.0
    start: float = 0.15
    shrinkage: float = 0.3
    sweeps: int = 2
    newton: int = 2

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that means nothing."""
        if self.dims < 0 or min(self.slates, self.sweeps, self.newton) < 1:
            raise ValueError("taste needs dims >= 0; slates, sweeps and newton >= 1")
        if min(self.own, self.quality, self.wants, self.metric) <= 0 or not 0 <= self.shrinkage <= 1:
            raise ValueError("own, quality, wants and metric must be > 0, shrinkage between 0 and 1")


@dataclass(frozen=True)
class Taste:
    """What is known after a generation; all but kappa are multiples of 1/GRAIN.

    theta float64 [knots]; metric float64 [dims, features]; style float64 [n, dims], quality float64 [n] and
    wants float64 [n, dims] by item; items, queries int64: those with evidence of their own (the rest follows
    from the metric). shoppers int64 [m], rising; mean float64 [m, dims], precision float64 [m, dims, dims] of
    their tastes. kappa: examinations at which a pair's own clicks weigh half; likelihood: by kappa.
    """

    theta: Floats
    metric: Floats
    style: Floats
    quality: Floats
    wants: Floats
    items: Whole
    queries: Whole
    shoppers: Whole
    mean: Floats
    precision: Floats
    kappa: float
    likelihood: tuple[int, ...]

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

    def pack(self) -> bytes:
        """A line of JSON with the sizes, then float32 and int64 columns; nothing is lost by it."""
        upper = np.triu_indices(self.dims)
        columns = [
            self.theta, self.metric,
            self.style[self.items], self.quality[self.items], self.wants[self.queries],
            self.mean, self.precision[:, upper[0], upper[1]], self.items, self.queries, self.shoppers,
        ]  # fmt: skip
        head = {
            "shapes": [list(column.shape) for column in columns],
            "kappa": self.kappa,
            "likelihood": self.likelihood,
        }
        line = json.dumps(head, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        floats = [column.astype("<f4").tobytes() for column in columns[:7]]
        return b"".join([line, *floats, *(column.astype("<i8").tobytes() for column in columns[7:])])

    @classmethod
    def unpack(cls, packed: bytes, features: Floats, *, likeness: float) -> Taste:
        """The inverse of pack; features float64 [n, features] of all items, see `features_of`."""
        line, _, rest = packed.partition(b"\n")
        head = json.loads(line)
        columns, begin = [], 0
        for number, shape in enumerate(head["shapes"]):
            kind, size = ("<f4", 4) if number < 7 else ("<i8", 8)
            count = int(np.prod(shape))
            columns.append(np.frombuffer(rest, kind, count, begin).reshape(shape))
            begin += size * count
        floats = [column.astype(np.float64) for column in columns[:7]]
        theta, metric, own_style, own_quality, own_wants, mean, triangle = floats
        items, queries, shoppers = (column.astype(np.int64) for column in columns[7:])
        style, quality = rounded(features @ metric.T), np.zeros(len(features))
        style[items], quality[items] = own_style, own_quality
        wants = rounded(likeness * style)
        wants[queries] = own_wants
        precision = np.zeros((len(shoppers), len(metric), len(metric)))
        upper = np.triu_indices(len(metric))
        precision[:, upper[0], upper[1]] = precision[:, upper[1], upper[0]] = triangle
        return cls(
            theta, metric, style, quality, wants, items, queries, shoppers, mean, precision,
            head["kappa"], tuple(head["likelihood"]),
        )  # fmt: skip


def rounded(numbers: Floats) -> Floats:
    """Multiples of 1/GRAIN."""
    return np.asarray(np.rint(numbers * GRAIN) / GRAIN)


def features_of(embeddings: NDArray[np.float32], is_candidate: NDArray[np.bool_]) -> Floats:
    """The items' embeddings along the principal axes of the catalogue: float64 [n, features].

    What varies little is not drowned: an axis varies by the fourth root of its own standard deviation, and
    there are fewer than the embedding's dimensions where the catalogue is small. Everything is a multiple of
    a power of two, so that products are exact whatever BLAS does.
    """
    rows = embeddings.astype(np.float64)
    catalogue = rows[is_candidate]
    if not len(catalogue):
        return np.zeros((len(rows), 1))
    centred = rows - np.rint(catalogue.mean(axis=0) * STEPS) / STEPS
    inside = centred[is_candidate]
    value, axes = np.linalg.eigh(inside.T @ inside / len(inside))
    value, axes = value[::-1], axes[:, ::-1]
    kept = value > 1e-5 * max(float(value[0]), 1e-12)
    value, axes = value[kept], axes[:, kept]
    axes = axes * np.sign(axes[np.argmax(np.abs(axes), axis=0), np.arange(axes.shape[1])])
    scale = value**-0.375 * value[0] ** -0.125 if len(value) else value
    return rounded(centred @ (np.rint(axes * scale * STEPS) / STEPS))
