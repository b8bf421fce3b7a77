"""Bad places of an answer are counted by kind and filled by lot; good ones stay where they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from recommender.policies import recommend
from recommender.profile import Profiles
from workers.guests.answers import FAULTS, completed
from workers.guests.door import GuestAnswer

K = 4
N_ITEMS = 12
QUERY = 20
CONFIG = RecommenderConfig(policy="random", slate_size=K)
SOLD = np.ones(N_ITEMS, np.bool_)


def profiles(n: int = 2, shown: tuple[int, ...] = (3,)) -> Profiles:
    """Requests of sessions 0, 1, ... that have seen some items already."""
    return Profiles(
        session=np.arange(n),
        step=np.ones(n, np.int16),
        query=np.full(n, QUERY, np.int32),
        items=np.full((n, 1), QUERY, np.int32),
        weights=np.ones((n, 1)),
        shown=np.tile(np.array(shown, np.int32), (n, 1)),
    )


def faults(items: object, n: int = 1) -> dict[str, int]:
    """What is said of the first request's answer."""
    answer = GuestAnswer(None if items is None else np.asarray(items))
    found = completed(answer, profiles(n), SOLD, config=CONFIG, seed=1)
    return {name: int(count) for name, count in zip(FAULTS, found.faults[0], strict=True) if count}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([[0, 1, 2, 4]], {}),
        ([[0, 1, 2, 4, 5, 6]], {}),
        ([[0, 99, 2, 4]], {"unknown item": 1}),
        ([[0, -7, 2, 4]], {"unknown item": 1}),
        ([[0, QUERY, 2, 4]], {"unknown item": 1}),
        ([[0, 3, 2, 4]], {"not to be shown": 1}),
        ([[0, 2, 2, 0]], {"twice": 2}),
        ([[0, 1]], {"too few": 2}),
        ([[0, 1, -1, 4]], {"too few": 1}),
        ([[0.0, np.nan, 2.0, 4.5]], {"no number": 2}),
        ([[0.0, np.inf, 2.0, 4.0]], {"no number": 1}),
        ([0, 1, 2, 4], {"wrong shape": K}),
        ([[0, 1, 2, 4]] * 3, {"wrong shape": K}),
        ([[True, False, True, True]], {"wrong shape": K}),
        (None, {"wrong shape": K}),
    ],
)
def test_each_fault_is_counted_by_its_kind(items: object, expected: dict[str, int]) -> None:
    """Places of one request; all of them where nothing can be read."""
    assert faults(items) == expected


@pytest.mark.parametrize("how", ["late", "died", "raised"])
def test_no_answer_is_the_slate_that_random_shows(how: str) -> None:
    """Byte for byte the items, so that whoever was late was as good as a lot."""
    asked = profiles(5)
    found = completed(how, asked, SOLD, config=CONFIG, seed=7)
    vectors = np.zeros((QUERY + 1, 2), np.float32)
    vectors[:, 0] = 1.0
    known = Knowledge.start(CONFIG, vectors, np.arange(QUERY + 1) < N_ITEMS)
    assert found.entries["item"].tolist() == recommend(CONFIG, known, asked, 7)["item"].tolist()
    assert np.isnan(found.entries["score"]).all()
    assert (found.faults[:, FAULTS.index(how)] == K).all()


def test_what_is_good_keeps_its_order_and_its_words() -> None:
    """Score, reason and propensity go with their item; what was filled has none."""
    said = GuestAnswer(
        np.array([[5, 99, 3, 7]]),
        np.array([[0.9, 0.8, 0.7, 0.6]]),
        np.array([[0.1, 0.2, 0.3, 0.4]]),
        [["five", "no", "seen", "seven"]],
    )
    found = completed(said, profiles(1), SOLD, config=CONFIG, seed=1)
    assert found.entries["item"][0, :2].tolist() == [5, 7]
    assert found.entries["score"][0, :2].tolist() == [0.9, 0.6]
    assert np.isnan(found.entries["score"][0, 2:]).all()
    assert found.reasons == [["five", "seven", "", ""]]
    assert found.propensities is not None
    assert found.propensities[0, :2].tolist() == [0.1, 0.4]


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.integers(-3, N_ITEMS + 3), min_size=K, max_size=K), min_size=1, max_size=6
    ),
    shown=st.lists(st.integers(0, N_ITEMS - 1), max_size=5, unique=True),
)
def test_whatever_is_said_the_slate_can_be_shown(rows: list[list[int]], shown: list[int]) -> None:
    """K distinct items that are sold and were not seen, the good ones first and in their order. A
    loop over the places counts the same faults.
    """
    asked = profiles(len(rows), tuple(shown))
    found = completed(GuestAnswer(np.array(rows)), asked, SOLD, config=CONFIG, seed=3)
    for row, items in enumerate(rows):
        good: list[int] = []
        wrong = dict.fromkeys(FAULTS, 0)
        for place, item in enumerate(items):
            if item == -1:
                wrong["too few"] += 1
            elif not 0 <= item < N_ITEMS:
                wrong["unknown item"] += 1
            elif item in items[:place]:
                wrong["twice"] += 1
            elif item in shown:
                wrong["not to be shown"] += 1
            else:
                good.append(item)
        slate = found.entries["item"][row].tolist()
        assert slate[: len(good)] == good
        assert len(set(slate)) == K
        assert set(slate) <= set(range(N_ITEMS)) - set(shown)
        assert found.faults[row].tolist() == list(wrong.values())
