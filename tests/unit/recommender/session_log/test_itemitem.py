"""Item-item measures against plain loops and against implicit; planted answers that are not
symmetric.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy import sparse

from recommender.session_log import itemitem, pairs
from recommender.session_log.itemitem import MEASURES
from recommender.session_log.sessions import NOBODY, Cases, Visits
from tests import log_twins as twins

VISITS = st.lists(
    st.lists(st.integers(0, 7), min_size=1, max_size=6, unique=True), min_size=1, max_size=12
)


def visits_of(lists: list[list[int]], n_items: int = 8) -> Visits:
    """Nobody's visits, a second apart."""
    items = np.array([item for one in lists for item in one], np.int32)
    first = np.cumsum([0, *(len(one) for one in lists)])
    nobody = np.full(len(lists), NOBODY)
    return Visits(
        first, items, np.ones(len(items), np.bool_), nobody, np.arange(len(lists)) * 1.0, n_items
    )


def asked_of(profiles: list[list[int]]) -> Cases:
    """Cases whose truth does not matter."""
    items = np.array([item for one in profiles for item in one], np.int32)
    first = np.cumsum([0, *(len(one) for one in profiles)])
    n = len(profiles)
    latest = np.array([one[-1] for one in profiles], np.int32)
    return Cases(np.arange(n), np.full(n, NOBODY), first, items, latest, np.zeros(n, np.int32))


def slates(
    name: str, lists: list[list[int]], profiles: list[list[int]], **changed: float
) -> list[list[int]]:
    """The best three by a measure with the first settings of its grid, or changed ones."""
    visits = visits_of(lists)
    chosen = {setting: values[0] for setting, values in MEASURES[name].grid.items()} | changed
    popularity = visits.popularity()
    asked = asked_of(profiles)
    found = itemitem.slates(
        name, chosen, pairs.count(visits), asked, popularity=popularity, is_sold=popularity > 0, k=3
    )
    return found.tolist()


@settings(deadline=None)
@given(VISITS)
def test_pairs_are_counted_as_by_hand_in_any_chunk(lists: list[list[int]]) -> None:
    """Before, and right before."""
    found = pairs.count(visits_of(lists))
    before, right = twins.pair_counts(lists)
    for matrix, wanted in ((found.forward, before), (found.next, right)):
        cells = matrix.tocoo()
        ours = {
            (int(i), int(j)): int(n)
            for i, j, n in zip(cells.row, cells.col, cells.data, strict=True)
        }
        assert ours == wanted


def test_a_window_keeps_the_pairs_that_lie_close() -> None:
    """With room for few pairs only neighbours are paired."""
    found = pairs.count(visits_of([[0, 1, 2, 3]]), most=3)
    assert found.window == 1
    assert found.forward.nnz == 3


@settings(deadline=None)
@given(VISITS, st.lists(st.integers(0, 7), min_size=1, max_size=3, unique=True))
def test_cosine_is_that_of_plain_loops(lists: list[list[int]], profile: list[int]) -> None:
    """Sums, exclusion of the profile, ties, filling up, items that nobody knows."""
    assert slates("cosine", lists, [profile]) == [twins.cosine_slate(lists, profile, 3)]


@pytest.mark.filterwarnings("ignore::implicit.utils.ParameterWarning")  # of its own conversion
@pytest.mark.parametrize(
    ("name", "peer", "changed"),
    [
        ("cosine", CosineRecommender(K=50), {}),
        ("tf-idf", TFIDFRecommender(K=50), {}),
        ("bm25", BM25Recommender(K=50, K1=1.2, B=0.75), {"k1": 1.2, "b": 0.75}),
    ],
)
def test_weights_are_those_of_implicit(name: str, peer: object, changed: dict[str, float]) -> None:
    """Up to a common factor, on a log without ties; the diagonal is theirs alone."""
    rng = np.random.default_rng(3)
    lists = [rng.choice(12, rng.integers(2, 7), replace=False).tolist() for _ in range(60)]
    visits = visits_of(lists, n_items=12)
    chosen = {setting: values[0] for setting, values in MEASURES[name].grid.items()} | changed
    ours = MEASURES[name].weights(pairs.count(visits), np.arange(12), chosen).toarray()
    rows = np.repeat(np.arange(60), visits.lengths)
    matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, visits.items)), shape=(60, 12))
    peer.fit(matrix, show_progress=False)  # type: ignore[attr-defined]
    theirs = peer.similarity.toarray()  # type: ignore[attr-defined]
    np.fill_diagonal(theirs, 0)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999


def test_after_and_next_know_the_order_and_the_others_do_not() -> None:
    """1 always follows 0, and 2 always comes before it."""
    lists = [[2, 0, 1]] * 4 + [[3, 4]]
    assert slates("next", lists, [[0]])[0][0] == 1
    assert slates("after", lists, [[0]])[0][0] == 1
    assert slates("after", lists, [[2, 0]])[0][0] == 1
    assert slates("cosine", lists, [[0]])[0][:2] == [1, 2]  # alike, by number


def test_every_setting_matters() -> None:
    """The weights of a measure change with each of its settings."""
    rng = np.random.default_rng(1)
    lists = [rng.choice(8, rng.integers(2, 6), replace=False).tolist() for _ in range(30)]
    counted = pairs.count(visits_of(lists))
    for name, measure in MEASURES.items():
        start = {setting: values[0] for setting, values in measure.grid.items()}
        usual = measure.weights(counted, np.arange(8), start).toarray()
        for setting, values in measure.grid.items():
            if setting == "neighbours":
                continue
            other = measure.weights(counted, np.arange(8), start | {setting: values[1]}).toarray()
            assert not np.allclose(usual, other), (name, setting)
    assert slates("cosine", lists, [[0, 1]], neighbours=1.0) != slates("cosine", lists, [[0, 1]])


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=20), st.integers(1, 19))
def test_the_strongest_are_exactly_so_many(values: list[int], most: int) -> None:
    """Among equal ones the earlier."""
    most = min(most, len(values))
    best = sorted(range(len(values)), key=lambda place: (-values[place], place))[:most]
    assert np.flatnonzero(itemitem.is_top(np.array(values), most)).tolist() == sorted(best)
