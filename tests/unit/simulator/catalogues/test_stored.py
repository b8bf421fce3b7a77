"""A run's items are a balanced, addressed share of the catalogue."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.errors import UsageError
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from simulator.catalogues.stored import digest, image_keys, pick

SIZES = {"bag": 50, "dress": 30, "hat": 7}


def shelf(sizes: dict[str, int] = SIZES) -> list[Item]:
    """Categories of different sizes; each picture has a hash of its own; and a query item of
    each.
    """
    rng = np.random.default_rng(3)
    named = [(name, CATALOGUE_SPLIT) for name, n in sizes.items() for _ in range(n)]
    named += [(name, QUERY_SPLIT) for name in sizes]
    return [
        Item(number, f"item-{number:03d}", rng.bytes(32).hex(), name, split, "test")
        for number, (name, split) in enumerate(named)
    ]


def n_by_category(chosen: list[Item]) -> Counter[str]:
    """How many of each category."""
    return Counter(item.category for item in chosen)


def picked(n: int, seed: int = 1, stored: list[Item] | None = None) -> list[Item]:
    """N catalogue items of the shelf."""
    return pick(stored or shelf(), CATALOGUE_SPLIT, n, seed=seed)


@given(st.integers(1, sum(SIZES.values())), st.integers(0, 2**32 - 1))
def test_a_share_is_as_balanced_as_the_categories_allow(n: int, seed: int) -> None:
    """No category lags behind another by more than one, unless it has no more to give."""
    found = n_by_category(picked(n, seed))
    assert found.total() == n
    most = max(found.values())
    assert all(found[name] >= min(most - 1, size) for name, size in SIZES.items())


@given(st.integers(1, 86), st.integers(0, 1000))
def test_a_larger_share_holds_the_smaller_one(n: int, seed: int) -> None:
    """Asking for one more adds one."""
    assert set(picked(n, seed)) < set(picked(n + 1, seed))


def test_the_same_address_gives_the_same_share() -> None:
    """It depends on the seed and the pictures, not on the order in which they are stored."""
    stored = shelf()
    assert picked(20) == picked(20, stored=stored[::-1])
    assert picked(20) != picked(20, seed=2)


def test_a_share_is_sorted_by_item_id_and_of_one_split() -> None:
    """Item numbers follow from this order."""
    chosen = picked(40)
    assert [item.item_id for item in chosen] == sorted(item.item_id for item in chosen)
    assert {item.split for item in chosen} == {CATALOGUE_SPLIT}
    assert len(pick(shelf(), QUERY_SPLIT, 3, seed=1)) == 3


@pytest.mark.parametrize(
    ("split", "n", "words"),
    [(CATALOGUE_SPLIT, 88, "88 items.* has 87.*--items"), (QUERY_SPLIT, 4, "4 queries.* has 3")],
)
def test_more_than_there_are_is_refused(split: str, n: int, words: str) -> None:
    """UsageError says how many there are and which option to change."""
    with pytest.raises(UsageError, match=words):
        pick(shelf(), split, n, seed=1)


def test_a_picture_is_addressed_by_the_head_of_its_hash() -> None:
    """The first 8 of 32 bytes, as a number."""
    item = shelf()[0]._replace(image="00000000000000ff" + "a" * 48)
    assert image_keys([item]).tolist() == [255]


def test_the_digest_knows_what_matters() -> None:
    """Id, picture, category, split and order; not the number in the catalogue or the source."""
    first, second = shelf()[:2]
    other = "b" * 64
    assert digest([first, second]) == digest([first._replace(number=9, source="x"), second])
    changed = [
        [second, first],
        *(
            [first._replace(**{name: other}), second]
            for name in ("item_id", "image", "category", "split")
        ),
    ]
    assert len({digest([first, second]), *map(digest, changed)}) == 6
