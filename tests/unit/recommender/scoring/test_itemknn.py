"""The nearest published baseline: one cosine over content and interactions together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.scoring import itemknn
from recommender.scoring.cointeraction import Counts
from recommender.scoring.itemknn import ItemKnnConfig, ItemKnnScore, pairs_of, weights
from tests import twins
from tests.unit.recommender.shop import embeddings, profiles

N = 9
VECTORS = embeddings(N, dim=4)
ASKED = profiles(6, n_items=N, n_all=N)
EVERYTHING = np.repeat(np.arange(N, dtype=np.int32)[None, :], len(ASKED), axis=0)
CONFIG = ItemKnnConfig(content_weight=1.5, shrink=2.0, neighbours=5)

pairs = st.dictionaries(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda pair: pair[0] != pair[1]),
    st.integers(0, 4),
    max_size=20,
)


def counts(acted: dict[tuple[int, int], int]) -> Counts:
    """Counts of pairs that were shown twice as often as acted on."""
    rows = sorted((i * N + j, 2048 * c + 1024, c) for (i, j), c in acted.items())
    return (
        Counts(N, *(np.array(column, np.int64) for column in zip(*rows, strict=True)))
        if rows
        else EMPTY
    )


EMPTY = Counts.empty(N)
TAUGHT = counts({(0, 1): 3, (1, 0): 1, (2, 5): 4, (7, 2): 2, (8, 3): 0})


def score(config: ItemKnnConfig, known: Counts = TAUGHT, asked: Any = ASKED) -> Any:
    """Scores of all items for some profiles."""
    return ItemKnnScore(config, VECTORS, known, N).score(asked, EVERYTHING[: len(asked)])


@given(acted=pairs, shrink=st.sampled_from([0.0, 3.0]), keep=st.integers(1, N - 1))
@settings(deadline=None, max_examples=60)
def test_the_score_is_the_stacked_cosine(
    acted: dict[tuple[int, int], int], shrink: float, keep: int
) -> None:
    """It equals a twin that writes the stacked matrix out and sorts everything."""
    config = ItemKnnConfig(content_weight=1.5, shrink=shrink, neighbours=keep)
    likeness = np.array(
        twins.stacked_similarity(acted, VECTORS, content_weight=1.5, shrink=shrink, keep=keep)
    )
    wanted = np.zeros(EVERYTHING.shape)
    for row in range(len(ASKED)):
        for item, weight in zip(ASKED.items[row], ASKED.weights[row], strict=True):
            wanted[row] += weight * likeness[item] if item >= 0 else 0.0
    found = score(config, counts(acted))
    assert np.allclose(found, wanted, atol=1e-9)


@pytest.mark.parametrize(
    "change", [{"content_weight": 0.5}, {"shrink": 9.0}, {"neighbours": 2}, {"weighting": "tf-idf"}]
)
def test_every_setting_matters(change: dict[str, Any]) -> None:
    """Another value gives other scores."""
    assert not np.array_equal(score(replace(CONFIG, **change)), score(CONFIG))


def test_the_two_weightings_differ_and_rare_items_weigh_more() -> None:
    """Both fall with the number of interactions; BM25 more steeply."""
    n_pairs = np.array([0, 1, 5, 20, 74])
    idf = weights(n_pairs, "tf-idf")
    bm25 = weights(n_pairs, "bm25")
    assert (np.diff(idf) <= 0).all()
    assert (np.diff(bm25) <= 0).all()
    assert bm25[0] / bm25[3] > idf[0] / idf[3]
    assert np.array_equal(weights(n_pairs, "none"), np.ones(5))


def test_pairs_count_for_both_their_items() -> None:
    """Every acted pair is held once by each side."""
    assert pairs_of(TAUGHT).tolist() == [4, 4, 6, 0, 0, 4, 0, 2, 0]


def test_blocks_of_any_size_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory block does not show."""
    whole = score(CONFIG)
    monkeypatch.setattr(itemknn, "CELLS", 2 * N)
    assert score(CONFIG).tobytes() == whole.tobytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shrink": -1.0}, "at least 0"),
        ({"neighbours": 0}, "at least 1"),
        ({"weighting": "best"}, "tf-idf"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(change: dict[str, Any], words: str) -> None:
    """ValueError that says what would do."""
    with pytest.raises(ValueError, match=words):
        ItemKnnConfig(**change)
