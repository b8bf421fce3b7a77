"""The approximate index answers the exact one's questions; looking everywhere, with the same
answers.
"""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from recommender.search.approximate import ApproximateIndex
from recommender.search.similarity import ExactIndex, round_embeddings


def clustered(n: int, *, dim: int = 16, seed: int = 3) -> np.ndarray:
    """Rounded unit rows around thirty centres."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(30, dim))[rng.integers(0, 30, n)] + 0.4 * rng.normal(size=(n, dim))
    return round_embeddings(rows / np.linalg.norm(rows, axis=1, keepdims=True))


INDEX = clustered(3000)
IS_CANDIDATE = np.arange(len(INDEX)) % 5 != 0


def test_looking_through_all_lists_is_exact() -> None:
    """Items, cosines, the one left out: as the exact index answers."""
    rows = INDEX[:200]
    leave_out = np.arange(200, dtype=np.int32)
    approximate = ApproximateIndex(INDEX, IS_CANDIDATE, probes=10**6)
    exact = ExactIndex(INDEX, IS_CANDIDATE)
    for ours, theirs in zip(
        approximate.nearest(rows, 20, leave_out=leave_out),
        exact.nearest(rows, 20, leave_out=leave_out),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_most_of_the_nearest_are_found() -> None:
    """With fewer lists than there are, recall is high and no answer is wrong."""
    found, cosines = ApproximateIndex(INDEX, IS_CANDIDATE, probes=8).nearest(INDEX[:200], 20)
    wanted, best = ExactIndex(INDEX, IS_CANDIDATE).nearest(INDEX[:200], 20)
    recall = np.mean([len(np.intersect1d(a, b)) / 20 for a, b in zip(found, wanted, strict=True)])
    assert 0.6 < recall < 1
    assert IS_CANDIDATE[found].all()
    assert (cosines <= best).all()
    np.testing.assert_array_equal(cosines, np.einsum("nd,nkd->nk", INDEX[:200], INDEX[found]))


def test_threads_do_not_change_an_answer() -> None:
    """The same lists and the same answers on one thread and on two."""
    answers = []
    before = faiss.omp_get_max_threads()
    for threads in (1, 2):
        faiss.omp_set_num_threads(threads)
        answers.append(ApproximateIndex(INDEX, IS_CANDIDATE, probes=8).nearest(INDEX[:300], 30))
    faiss.omp_set_num_threads(before)
    np.testing.assert_array_equal(answers[0][0], answers[1][0])


def test_what_is_missing_is_minus_one() -> None:
    """Fewer candidates than were asked for."""
    few = np.arange(len(INDEX)) < 3
    items, cosines = ApproximateIndex(INDEX, few).nearest(
        INDEX[:2], 5, leave_out=np.array([0, 1], np.int32)
    )
    assert (items[:, 2:] == -1).all()
    assert np.isnan(cosines[:, 2:]).all()
    assert sorted(items[0, :2].tolist()) == [1, 2]


def test_the_setting_chooses_the_index() -> None:
    """`index` of the recommender's config, and nothing else, decides who is asked."""
    for name, kind in (("exact", ExactIndex), ("approximate", ApproximateIndex)):
        knowledge = Knowledge.start(RecommenderConfig(index=name), INDEX, IS_CANDIDATE)
        assert isinstance(knowledge.neighbours._search, kind)
    with pytest.raises(ValueError, match="unknown index 'best'"):
        RecommenderConfig(index="best")
