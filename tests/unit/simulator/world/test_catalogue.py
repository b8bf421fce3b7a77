"""What the judge sees of items: by image, standardised, with the share of hidden style that was
asked for.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.world.catalogue import Catalogue, describe, descriptors, standardised
from simulator.world.draws import Floats, Purpose, normal
from simulator.world.presets import WorldConfig
from tests.unit.simulator.world import N_ITEMS, pictures

CONFIG = WorldConfig()
(BRIGHTNESS, CONTRAST, TEXTURE, WIDTH, LENGTH, ASYMMETRY, CENTRE, STRIPES, MIDDLE) = range(9)


def test_attributes_are_functions_of_the_image_not_of_the_row() -> None:
    """Shuffling the rows of catalogue and query items shuffles their attributes, bit for bit."""
    here = pictures()
    n = len(here.category)
    order = np.concatenate([np.arange(N_ITEMS)[::-1], N_ITEMS + np.roll(np.arange(n - N_ITEMS), 7)])
    shuffled = replace(
        here,
        pixels=here.pixels[order],
        category=here.category[order],
        image_key=here.image_key[order],
    )
    straight = describe(CONFIG, 1, here)
    turned = describe(CONFIG, 1, shuffled)
    assert np.array_equal(straight.features[order], turned.features)
    assert np.array_equal(straight.price[order], turned.price)
    assert np.array_equal(here.image_key[straight.queries], shuffled.image_key[turned.queries])


def test_another_seed_changes_hidden_style_and_price_only() -> None:
    """The visible style is what the picture shows, whatever the seed."""
    one = describe(CONFIG, 1, pictures())
    two = describe(CONFIG, 2, pictures())
    cut = one.visible_dims
    assert np.array_equal(one.style[:, :cut], two.style[:, :cut])
    assert not np.array_equal(one.style[:, cut:], two.style[:, cut:])
    assert not np.array_equal(one.price, two.price)


def test_descriptors_see_what_their_names_say() -> None:
    """A brighter, a wider, a longer, a lopsided and a striped picture stand out where they must."""
    plain = np.zeros((28, 28), np.uint8)
    plain[8:20, 10:18] = 100
    bright, wide, long, lopsided, striped = (plain.copy() for _ in range(5))
    bright[8:20, 10:18] = 200
    wide[8:20, 6:22] = 100
    long[2:26, 10:18] = 100
    lopsided[8:20, 14:18] = 200
    striped[8:20:2, 10:18] = 200
    seen = descriptors(np.stack([plain, bright, wide, long, lopsided, striped]))
    assert list(np.argmax(seen[:, [WIDTH, LENGTH, ASYMMETRY, TEXTURE]], axis=0)) == [2, 3, 4, 5]
    assert seen[1, BRIGHTNESS] == 200
    assert seen[0, CONTRAST] == 0
    assert seen[5, STRIPES] < seen[0, STRIPES]
    assert seen[2, MIDDLE] < seen[0, MIDDLE]


def test_an_empty_picture_is_described_without_trouble() -> None:
    """A black picture has finite descriptors."""
    assert np.isfinite(descriptors(np.zeros((1, 28, 28), np.uint8))).all()


def test_style_is_standardised_within_large_categories() -> None:
    """Categories of 20 and more have mean 0 and sd 1 of their own; smaller ones are measured
    against all.
    """
    key = np.arange(115).astype(np.uint64)
    category = np.repeat([0, 1], [100, 15])
    raw = (
        normal(1, Purpose.TASTE, np.arange(115))[:, None] * 2
        + np.repeat([50.0, 60.0], [100, 15])[:, None]
    )
    z = standardised(raw, category, key)
    assert abs(z[:100].mean()) < 0.05
    assert abs(z[:100].std() - 1) < 0.05
    assert z[100:].mean() > 1


def test_extremes_are_cut() -> None:
    """No item is more than three sd from its category."""
    raw = np.append(np.zeros(99), 1000.0)[:, None]
    assert standardised(raw, np.zeros(100, np.int64), np.arange(100).astype(np.uint64)).max() == 3


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_hidden_share_is_a_share_of_variance(share: float) -> None:
    """Products of two items' styles have variance near one, of which the hidden part gives its
    share.
    """
    c = describe(replace(CONFIG, hidden_share=share), 1, pictures())
    visible = _products(c, slice(0, c.visible_dims)).var()
    hidden = _products(c, slice(c.visible_dims, None)).var()
    assert 0.75 < visible + hidden < 1.25
    assert abs(hidden / (visible + hidden) - share) < 0.1


def _products(c: Catalogue, part: slice) -> Floats:
    style = c.style[:, part]
    return np.asarray(style @ style.T)[np.triu_indices(len(style), 1)]


def test_no_pixel_shows_the_hidden_style() -> None:
    """Visible and hidden columns are uncorrelated."""
    c = describe(CONFIG, 1, pictures())
    shown = [d for d in range(c.visible_dims) if c.style[:, d].std() > 0]
    both = np.asarray(np.corrcoef(c.style.T[[*shown, *range(c.visible_dims, c.style.shape[1])]]))
    assert len(shown) >= 6
    assert np.abs(both[: len(shown), len(shown) :]).max() < 4 / np.sqrt(len(c.style))


def test_tribes_share_hidden_style() -> None:
    """Two items of one tribe are more alike in hidden style than two of different tribes."""
    c = describe(CONFIG, 1, pictures())
    hidden = c.style[:, c.visible_dims :]
    alike = hidden @ hidden.T
    same = c.tribe[:, None] == c.tribe
    np.fill_diagonal(same, False)
    assert alike[same].mean() > alike[~same].mean() + 0.5
    assert len(np.unique(c.tribe)) == CONFIG.tribes


def test_prices_are_log_normal_around_the_categorys_median() -> None:
    """Half of a category costs more than its median; the spread of the logarithm is the
    setting's.
    """
    c = describe(CONFIG, 1, pictures(4000, 10))
    logs = np.log(c.price / np.asarray(CONFIG.price_medians)[c.category])
    assert abs(np.median(logs)) < 0.03
    assert abs(logs.std() - CONFIG.price_spread) < 0.03


def test_a_given_price_is_kept_and_a_missing_one_is_drawn() -> None:
    """Own catalogues bring prices for some items: -1 stands for none."""
    here = pictures()
    given = np.full(len(here.category), -1, np.int32)
    given[3] = 1234
    drawn = describe(CONFIG, 1, here)
    mixed = describe(CONFIG, 1, replace(here, price=given))
    assert mixed.price[3] == 1234
    assert np.array_equal(np.delete(mixed.price, 3), np.delete(drawn.price, 3))


def test_categories_are_related_as_in_a_wardrobe() -> None:
    """A dress costs nothing to who wants one, what goes with it little, the rest most; shirts are
    tops.
    """
    c = describe(CONFIG, 1, pictures())
    dress = 3
    sandal = 5
    trouser = 1
    shirt = 6
    coat = 4
    assert c.cost[dress, dress] == 0
    assert c.cost[dress, sandal] < c.cost[dress, trouser]
    assert c.complements[dress, sandal]
    assert c.cost[shirt, coat] == CONFIG.family_cost


def test_own_categories_go_with_the_next_one() -> None:
    """Categories from 10 up have no family, and each goes with the next one that occurs."""
    here = pictures()
    own = replace(here, category=np.where(here.category < 5, 10, 13).astype(np.int16))
    c = describe(CONFIG, 1, own)
    assert c.complements[10, 13]
    assert c.complements[13, 10]
    assert c.complements.sum() == 2


def test_a_world_needs_items_and_queries_in_order() -> None:
    """No query items, no catalogue items or a mixed order are refused."""
    here = pictures()
    for is_query in (np.zeros(310, bool), np.ones(310, bool), here.is_query[::-1]):
        with pytest.raises(ValueError, match="query items"):
            describe(CONFIG, 1, replace(here, is_query=is_query))
