"""Pictures without labels get categories that group look-alikes, and an addressed tenth becomes
queries.
"""

from __future__ import annotations

import numpy as np

from simulator.world.draws import Purpose, bits
from simulator.world.presets import FASHION_CATEGORIES
from simulator.world.unlabelled import clusters, is_query_item
from tests.unit.simulator.world import pictures

KEYS = bits(1, Purpose.HOLD_OUT, np.arange(3000))


def test_planted_groups_are_found() -> None:
    """Narrow dark and wide bright boxes never share a cluster."""
    n = 100
    pixels = np.zeros((n, 28, 28), np.uint8)
    pixels[: n // 2, 6:22, 11:17] = 60
    pixels[n // 2 :, 2:26, 4:24] = 220
    pixels[np.arange(n), 10, 12] += np.arange(n).astype(np.uint8) % 9
    found = clusters(1, pixels, KEYS[:n])
    assert not set(found[: n // 2].tolist()) & set(found[n // 2 :].tolist())


def test_clusters_are_by_image_and_numbered_as_own_categories() -> None:
    """Shuffled pictures keep their clusters; numbers start after Fashion-MNIST's labels."""
    here = pictures()
    order = np.arange(len(here.pixels))[::-1]
    straight = clusters(1, here.pixels, here.image_key)
    assert np.array_equal(straight[order], clusters(1, here.pixels[order], here.image_key[order]))
    assert straight.min() >= FASHION_CATEGORIES
    assert len(np.unique(straight)) <= 6


def test_a_tenth_are_query_items_by_image() -> None:
    """About 300 of 3,000, the same ones in any order."""
    chosen = is_query_item(1, KEYS)
    assert 240 < chosen.sum() < 360
    assert np.array_equal(chosen[::-1], is_query_item(1, KEYS[::-1]))


def test_a_handful_of_pictures_still_has_items_and_queries() -> None:
    """However few pictures there are, one is a query item and one is not."""
    for n in range(2, 12):
        assert 0 < is_query_item(1, KEYS[:n]).sum() < n
    assert len(clusters(1, pictures().pixels[:3], KEYS[:3])) == 3
