"""The ranking measures are those of the field, and missing is not zero."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import AP, RR, ScoredDoc, Success, nDCG

from recommender.evaluation import metrics

NAN = float("nan")


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999),
    n_items=st.integers(3, 25),
    k=st.integers(1, 12),
    length=st.integers(1, 12),
)
def test_measures_equal_those_of_trec_eval(seed: int, n_items: int, k: int, length: int) -> None:
    """Hit rate, recall, mrr, map and ndcg agree with ir-measures to 1e-9."""
    draws = np.random.default_rng(seed)
    gains = draws.integers(0, 4, (5, n_items)) * (draws.random((5, n_items)) < 0.3)
    gains[np.arange(5), draws.integers(0, n_items, 5)] = 1
    slates = np.array([draws.permutation(n_items)[:length] for _ in range(5)], np.int32)
    truth = np.where(gains > 0, np.arange(n_items), -1).astype(np.int32)
    ours = {
        Success @ k: metrics.hit_rate(slates, truth, k=k),
        ir_measures.R @ k: metrics.recall(slates, truth, k=k),
        RR @ k: metrics.mrr(slates, truth, k=k),
        AP @ k: metrics.average_precision(slates, truth, k=k),
        nDCG @ k: metrics.ndcg(slates, gains.astype(np.float64), k=k),
    }
    qrels = [
        ir_measures.Qrel(str(q), str(i), int(gains[q, i]))
        for q in range(5)
        for i in range(n_items)
        if gains[q, i]
    ]
    run = [
        ScoredDoc(str(q), str(item), -float(rank))
        for q in range(5)
        for rank, item in enumerate(slates[q].tolist())
    ]
    for value in ir_measures.iter_calc(list(ours), qrels, run):
        assert value.value == pytest.approx(ours[value.measure][int(value.query_id)], abs=1e-9)


def test_ndcg_of_sets_is_that_of_gains() -> None:
    """One relevant item or several, found or not, more than fit."""
    rng = np.random.default_rng(2)
    slates = np.array([rng.permutation(9)[:4] for _ in range(50)], np.int32)
    truth = np.array([rng.permutation(9)[:6] for _ in range(50)], np.int32)
    truth[np.arange(6) >= rng.integers(1, 7, (50, 1))] = -1
    gains = np.zeros((50, 9))
    row, place = np.nonzero(truth >= 0)
    gains[row, truth[row, place]] = 1
    for k in (1, 3, 4):
        assert metrics.next_ndcg(slates, truth, k=k) == pytest.approx(
            metrics.ndcg(slates, gains, k=k), abs=1e-12
        )


def test_an_empty_truth_is_undefined_and_an_empty_slate_is_a_miss() -> None:
    """NaN where there was nothing to find, 0 where nothing was shown."""
    slates = np.array([[1, 2], [-1, -1]], np.int32)
    truth = np.array([[-1], [1]], np.int32)
    for measure in (metrics.hit_rate, metrics.recall, metrics.mrr, metrics.average_precision):
        assert measure(slates, truth, k=2).tolist() == pytest.approx([NAN, 0.0], nan_ok=True)
    gains = np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.0]])
    assert metrics.ndcg(slates, gains, k=2).tolist() == pytest.approx([NAN, 0.0], nan_ok=True)


def test_padding_is_never_relevant() -> None:
    """A padded slate does not match a padded truth."""
    slates = np.array([[3, -1]], np.int32)
    truth = np.array([[4, -1]], np.int32)
    assert metrics.hit_rate(slates, truth, k=2).tolist() == [0.0]


def test_coverage_and_gini_know_equal_and_unequal_exposure() -> None:
    """Four items shown alike: all covered, Gini 0. One item alone of four: a quarter, Gini 3/4."""
    alike = np.array([[0, 1], [2, 3]], np.int32)
    alone = np.array([[2, -1], [2, -1]], np.int32)
    assert metrics.catalogue_coverage(alike, 4) == 1.0
    assert metrics.exposure_gini(alike, 4) == 0.0
    assert metrics.catalogue_coverage(alone, 4) == 0.25
    assert metrics.exposure_gini(alone, 4) == 0.75
    assert np.isnan(metrics.exposure_gini(np.full((1, 2), -1, np.int32), 4))


def test_novelty_counts_bits_and_a_new_item_is_the_most_novel() -> None:
    """With showings 6, 0, 0, 6 (+1 each, 16 in all) the new item has 4 bits, a popular one 1.19."""
    slates = np.array([[1, 2], [0, -1], [-1, -1]], np.int32)
    bits = metrics.novelty(slates, np.array([6, 0, 0, 6])).tolist()
    assert bits == pytest.approx([4.0, np.log2(16 / 7), NAN], nan_ok=True)


def test_diversity_is_the_mean_distance_over_pairs() -> None:
    """Three items, two of one category: two of three pairs differ; a single item has no
    diversity.
    """
    categories = np.eye(2)[[0, 0, 1]]
    slates = np.array([[0, 1, 2], [0, 1, -1], [2, -1, -1]], np.int32)
    assert metrics.intra_list_diversity(slates, categories).tolist() == pytest.approx(
        [2 / 3, 0.0, NAN], nan_ok=True
    )
