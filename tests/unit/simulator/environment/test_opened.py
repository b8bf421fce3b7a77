"""What cannot be an environment is refused before anything slow, in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from db.errors import UsageError, WindowshopError
from simulator.environment.opened import opened
from tests.unit.simulator.environment import a_setting


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"k": 0}, "k must be from 1 to"),
        ({"items": 30, "slates": 3}, r"k must be from 1 to .* 9 here, found 10"),
        ({"world": "mixed,new_share=0.2,new_day=1"}, "items that come later"),
        ({"world": "mixt"}, "mixt"),
        ({"shoppers": 0}, "shoppers must be at least 1"),
        ({"slates": 0}, "slates must be at least 1"),
    ],
)
def test_what_cannot_be_played_is_refused(options: dict[str, Any], words: str) -> None:
    """By the name of what was given, and with what may be."""
    with pytest.raises(WindowshopError, match=words) as found:
        opened(**options)
    assert isinstance(found.value, UsageError)


def test_the_world_of_another_seed_has_the_same_pictures() -> None:
    """And other shoppers."""
    setting = a_setting()
    one, other = setting.world(1), setting.world(2)
    assert (one.catalogue.key == other.catalogue.key).all()
    assert (one.population.own_taste != other.population.own_taste).any()


def test_the_shop_is_what_a_recommender_sees() -> None:
    """Its numbers are those of the setting."""
    setting = a_setting()
    shop = setting.shop(setting.world(1))
    assert (shop.n_items, shop.k, shop.seed) == (setting.n_items, setting.k, 1)
    assert np.shares_memory(shop.vectors, setting.vectors)
