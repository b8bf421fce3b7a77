"""Own pictures without labels: categories by clustering, and which pictures become query items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.world.catalogue import descriptors, standardised
from simulator.world.draws import Bools, Floats, Ints, Keys, Purpose, gumbel, uniform
from simulator.world.presets import FASHION_CATEGORIES

QUERY_SHARE = 0.1
_ROUNDS = 50


def is_query_item(seed: int, image_key: Keys) -> Bools:
    """Which pictures become query items: an addressed tenth, and always at least one and not
    all.
    """
    draw = uniform(seed, Purpose.HOLD_OUT, image_key)
    is_query = draw < QUERY_SHARE
    if len(draw) > 1:
        is_query[np.argmin(draw)] = True
        is_query[np.argmax(draw)] = False
    return is_query


def clusters(seed: int, pixels: NDArray[np.uint8], image_key: Keys) -> NDArray[np.int16]:
    """Categories int16 [n] from 10 up: k-means of the descriptors, k = n / 50 between 2 and 10."""
    n = len(pixels)
    points = standardised(descriptors(pixels), np.zeros(n, np.int64), image_key)
    order = np.argsort(image_key, kind="stable")
    nearest = np.empty(n, np.int64)
    centres = _first_centres(seed, points[order], image_key[order], _number_of_clusters(n))
    nearest[order] = _k_means(points[order], centres)
    return (FASHION_CATEGORIES + nearest).astype(np.int16)


def _number_of_clusters(n: int) -> int:
    """K = clamp(n / 50, 2, 10), but never more than there are pictures."""
    return min(n, max(2, min(10, n // 50)))


def _first_centres(seed: int, points: Floats, key: Keys, k: int) -> Floats:
    """By k-means++ (Arthur and Vassilvitskii, 2007): far points are likelier; draws are by
    image.
    """
    chosen = [int(np.argmax(gumbel(seed, Purpose.CLUSTER, 0, key)))]
    while len(chosen) < k:
        distance = _squared_distances(points, points[chosen]).min(1)
        weight = np.where(distance > 0, np.log(np.maximum(distance, 1e-300)), -np.inf)
        chosen.append(int(np.argmax(weight + gumbel(seed, Purpose.CLUSTER, len(chosen), key))))
    return points[chosen]


def _k_means(points: Floats, centres: Floats) -> Ints:
    """Lloyd's rounds until nothing moves; an empty cluster keeps its centre."""
    nearest = np.argmin(_squared_distances(points, centres), axis=1)
    for _ in range(_ROUNDS):
        size = np.bincount(nearest, minlength=len(centres))
        total = np.zeros_like(centres)
        np.add.at(total, nearest, points)
        centres = np.where(size[:, None] > 0, total / np.maximum(size, 1)[:, None], centres)
        moved = np.argmin(_squared_distances(points, centres), axis=1)
        if np.array_equal(moved, nearest):
            break
        nearest = moved
    return np.asarray(nearest, np.int64)


def _squared_distances(points: Floats, centres: Floats) -> Floats:
    """float64 [n, k]."""
    result = np.zeros((len(points), len(centres)))
    for d in range(points.shape[1]):
        result += (points[:, d, None] - centres[:, d]) ** 2
    return result
