"""What the judge sees of an item, by (seed, image): category, visible style, hidden style,
price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.world.draws import Bools, Floats, Ints, Keys, Purpose, normal, uniform
from simulator.world.presets import FASHION_CATEGORIES, WorldConfig

SMALL_CLASS = 20
"""Classes below this size are standardised with all items: their own spread is not to be
trusted.
"""

_INK = 24  # pixels above this brightness belong to the piece, not to the ground
_CHUNK = 2048
_EXTREME = 3.0
_GRAIN = 2.0**16


@dataclass(frozen=True)
class Pictures:
    """The run's items by item number: catalogue items first, then query items."""

    pixels: NDArray[np.uint8]  # [n, 28, 28]
    category: NDArray[np.int16]  # [n]
    is_query: Bools  # [n]
    image_key: Keys  # [n], first 8 bytes of the image's sha256
    price: NDArray[np.int32] | None = None  # [n] cents; None or -1: the world draws one


@dataclass(frozen=True)
class Catalogue:
    """Items as the judge sees them, by item number.

    features: float64 [n, dims + 2], multiples of 2^-16: style (visible, hidden), half its squared
    length less the mean, standardised log price. The product of two random items' styles has
    variance one, of which hidden_share comes from the hidden part.
    """

    n_items: int
    features: Floats
    category: Ints
    price: Ints
    key: Keys
    visible_dims: int
    tribe: Ints
    half_square: float  # mean over items of half the squared length of style
    cost: Floats  # [n_categories, n_categories], wanted by offered: log-odds lost
    complements: Bools  # [n_categories, n_categories], having by going with it
    queries: Ints  # query items by category, then key
    query_start: Ints  # [n_categories], first place in queries
    query_count: Ints  # [n_categories]

    @property
    def n_categories(self) -> int:
        """Categories are numbered from 0; some may be empty."""
        return len(self.cost)

    @property
    def style(self) -> Floats:
        """float64 [n, dims], the features without length and price."""
        return self.features[:, :-2]


def describe(config: WorldConfig, seed: int, pictures: Pictures) -> Catalogue:
    """The catalogue of a run; ValueError when there is nothing to search in or to search with."""
    is_query = np.asarray(pictures.is_query, np.bool_)
    n_items = int(np.count_nonzero(~is_query))
    if not 0 < n_items < len(is_query):
        raise ValueError(
            f"a world needs catalogue items and query items, found {n_items} of {len(is_query)}"
        )
    if is_query[:n_items].any():
        raise ValueError("query items must come after the catalogue items")
    category = pictures.category.astype(np.int64)
    key = pictures.image_key.astype(np.uint64)
    queries = n_items + np.lexsort((key[n_items:], category[n_items:]))
    count = np.bincount(category[n_items:], minlength=int(category.max()) + 1)
    visible = visible_style(pictures.pixels, category, key)
    hidden, tribe = hidden_style(config, seed, key)
    price, price_z = prices(config, seed, category, key, pictures.price)
    h = config.hidden_share
    style = on_grain(np.column_stack([visible * (1 - h) ** 0.25, hidden * h**0.25]))
    length = (style**2).sum(1) / 2
    half_square = float(np.sort(length).mean())
    cost, complements = relations(config, category)
    return Catalogue(
        n_items=n_items,
        features=np.column_stack([style, on_grain(length - half_square), on_grain(price_z)]),
        category=category,
        price=price,
        key=key,
        visible_dims=visible.shape[1],
        tribe=tribe,
        half_square=half_square,
        cost=cost,
        complements=complements,
        queries=queries,
        query_start=np.cumsum(count) - count,
        query_count=count,
    )


def visible_style(pixels: NDArray[np.uint8], category: Ints, key: Keys) -> Floats:
    """Descriptors standardised within the category, float64 [n, 9]; a product of rows has variance
    one.
    """
    raw = np.concatenate([descriptors(pixels[rows]) for rows in _chunks(len(pixels))])
    return _unit_products(standardised(raw, category, key), key)


def descriptors(pixels: NDArray[np.uint8]) -> Floats:
    """Hand-made, never a network's output, float64 [n, 9]; sums are of integers, so exact.

    Brightness, contrast, texture, width, length, asymmetry, height of the centre, horizontal
    against vertical stripes, share of the light in the middle third.
    """
    light = pixels.astype(np.int64)
    ink = light > _INK
    inked = np.maximum(ink.sum((1, 2)), 1)
    light = light * ink
    total = np.maximum(light.sum((1, 2)), 1)
    brightness = total / inked
    contrast = np.sqrt(np.maximum((light**2).sum((1, 2)) / inked - brightness**2, 0.0))
    across = np.abs(np.diff(light, axis=2)).sum((1, 2))
    down = np.abs(np.diff(light, axis=1)).sum((1, 2))
    rows = np.maximum(ink.any(2).sum(1), 1)
    asymmetry = np.abs(light - light[:, :, ::-1]).sum((1, 2)) / total
    centre = (light.sum(2) * np.arange(light.shape[1])).sum(1) / total
    stripes = np.log((across + 1) / (down + 1))
    third = light.shape[1] // 3
    middle = light[:, :, third:-third].sum((1, 2)) / total
    columns = [brightness, contrast, (across + down) / total, inked / rows, rows]
    columns += [asymmetry, centre, stripes, middle]
    return np.column_stack([np.asarray(column, np.float64) for column in columns])


def standardised(raw: Floats, category: Ints, key: Keys) -> Floats:
    """Mean 0 and sd 1 within each category of 20 or more, else against all; cut at three sd."""
    order = np.argsort(
        key, kind="stable"
    )  # sums in the images' own order: bits do not depend on rows
    result = (raw - raw[order].mean(0)) / _spread(raw[order])
    for one in np.unique(category):
        rows = order[category[order] == one]
        if len(rows) >= SMALL_CLASS:
            result[rows] = (raw[rows] - raw[rows].mean(0)) / _spread(raw[rows])
    return np.asarray(np.clip(result, -_EXTREME, _EXTREME))


def hidden_style(config: WorldConfig, seed: int, key: Keys) -> tuple[Floats, Ints]:
    """Style, float64 [n, hidden_dims], and tribe [n]: the tribe's centre and a part of the item's
    own.
    """
    dims = np.arange(config.hidden_dims)
    share = (1.0 + np.arange(config.tribes)) ** -config.tribe_skew
    share /= share.sum()
    tribe = np.searchsorted(np.cumsum(share)[:-1], uniform(seed, Purpose.TRIBE, key), side="right")
    centre = normal(seed, Purpose.TRIBE_CENTRE, np.arange(config.tribes)[:, None], dims)
    centre = centre - (share[:, None] * centre).sum(axis=0)  # in order: BLAS would choose its own
    centre /= np.sqrt((share[:, None] * centre**2).sum(axis=0))
    own = normal(seed, Purpose.HIDDEN_STYLE, key[:, None], dims)
    style = np.sqrt(config.tribe_share) * centre[tribe] + np.sqrt(1 - config.tribe_share) * own
    return _unit_products(style, key), tribe.astype(np.int64)


def prices(
    config: WorldConfig, seed: int, category: Ints, key: Keys, given: NDArray[np.int32] | None
) -> tuple[Ints, Floats]:
    """Cents [n], log-normal by category where none is given, and their logarithm, standardised."""
    median = np.asarray(config.price_medians, np.float64)[category % len(config.price_medians)]
    drawn = np.rint(median * np.exp(config.price_spread * normal(seed, Purpose.PRICE, key)))
    known = np.full(len(key), -1.0) if given is None else given.astype(np.float64)
    cents = np.maximum(np.where(known >= 0, known, drawn), 1.0)
    return cents.astype(np.int64), standardised(np.log(cents)[:, None], category, key)[:, 0]


def relations(config: WorldConfig, category: Ints) -> tuple[Floats, Bools]:
    """Cost [wanted, offered] in log-odds, and what goes with what [having, going with it].

    Own categories (10 and up) have no family; each goes with the next one that occurs.
    """
    n = int(category.max()) + 1
    complements = np.zeros((n, n), np.bool_)
    cost = np.full((n, n), config.other_cost)
    present = np.unique(category)
    for place, one in enumerate(present):
        fashion = one < FASHION_CATEGORIES
        partners = config.goes_with[one] if fashion else (int(present[(place + 1) % len(present)]),)
        complements[one, [p for p in partners if p < n and p != one]] = True
    cost[complements] = config.complement_cost
    for family in config.families:
        inside = [c for c in family if c < n]
        cost[np.ix_(inside, inside)] = config.family_cost
    np.fill_diagonal(cost, 0.0)
    return cost, complements


def on_grain(numbers: Floats) -> Floats:
    """Rounded to multiples of 2^-16."""
    return np.asarray(np.rint(numbers * _GRAIN) / _GRAIN)


def _chunks(n: int) -> Iterator[slice]:
    """Rows in pieces, for the memory's sake."""
    return (slice(start, start + _CHUNK) for start in range(0, n, _CHUNK))


def _spread(raw: Floats) -> Floats:
    """Standard deviations; a constant column is left as it is."""
    deviation = raw.std(0)
    return np.where(deviation > 1e-12, deviation, 1.0)


def _unit_products(style: Floats, key: Keys) -> Floats:
    """Scaled so that the product of two random rows has variance one, however the columns are
    correlated.
    """
    ordered = style[np.argsort(key, kind="stable")]
    second = np.einsum("id,ie->de", ordered, ordered) / len(ordered)
    variance = float((second**2).sum())
    return style / variance**0.25 if variance > 0 else style
