"""Average precision, leave-one-out, ties, twins and votes, against slow twins and planted
answers.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.evaluation import retrieval
from recommender.search.similarity import round_embeddings


def slow_ranking(query: np.ndarray, gallery: np.ndarray, left_out: int) -> list[int]:
    """The gallery in falling cosine, ties by place."""
    cosine = {
        j: float(np.float32(query @ gallery[j])) for j in range(len(gallery)) if j != left_out
    }
    return sorted(cosine, key=lambda j: (-cosine[j], j))


def slow_average_precision(marks: list[bool]) -> float:
    """The mean over the relevant of the precision at their rank, by counting."""
    precisions = [
        sum(marks[: place + 1]) / (place + 1) for place in range(len(marks)) if marks[place]
    ]
    return sum(precisions) / len(precisions) if precisions else float("nan")


def drawn(seed: int, n: int, *, steps: int = 2) -> np.ndarray:
    """Unit rows with many equal cosines among them."""
    rows = np.random.default_rng(seed).integers(-steps, steps + 1, (n, 3)).astype(float)
    rows[(rows == 0).all(1)] = 1
    return round_embeddings(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(12, 60))
def test_it_equals_the_slow_twin(seed: int, n: int) -> None:
    """Average precision and P@10 of every query, with ties, leaving some queries out of their
    gallery.
    """
    rng = np.random.default_rng(seed)
    queries = drawn(seed, 7)
    gallery = drawn(seed + 1, n)
    query_labels = rng.integers(0, 4, 7)
    labels = rng.integers(0, 3, n)
    leave_out = rng.integers(-1, n, 7)
    found = retrieval.retrieve(queries, gallery, query_labels, labels, leave_out=leave_out)
    for row in range(7):
        order = slow_ranking(queries[row], gallery, leave_out[row])
        marks = [bool(labels[j] == query_labels[row]) for j in order]
        wanted = slow_average_precision(marks)
        np.testing.assert_allclose(found.average_precision[row], wanted, atol=1e-12)
        if any(marks):
            np.testing.assert_allclose(found.precision[row], sum(marks[:10]) / 10)
        else:
            assert np.isnan(found.precision[row])


def test_many_blocks_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of a block changes nothing."""
    queries = drawn(1, 50)
    gallery = drawn(2, 40)
    labels = np.arange(50) % 3
    whole = retrieval.retrieve(queries, gallery, labels, labels[:40])
    monkeypatch.setattr(retrieval, "BLOCK", 90)
    parts = retrieval.retrieve(queries, gallery, labels, labels[:40])
    np.testing.assert_array_equal(whole.average_precision, parts.average_precision)
    np.testing.assert_array_equal(whole.precision, parts.precision)


def test_a_planted_answer_is_found() -> None:
    """Relevant at ranks 1, 3 and 12 of 12: (1 + 2/3 + 3/12) / 3, and two among the first ten."""
    angle = np.linspace(0, 1, 12)
    gallery = np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)
    labels = np.zeros(12, np.int64)
    labels[[0, 2, 11]] = 1
    query = np.array([[1, 0]], np.float32)
    found = retrieval.retrieve(query, gallery, np.array([1]), labels)
    np.testing.assert_allclose(found.average_precision, [(1 + 2 / 3 + 3 / 12) / 3])
    np.testing.assert_allclose(found.precision, [0.2])


def test_a_query_never_finds_itself() -> None:
    """Without itself the picture's only equal is last; with itself it would be a perfect answer."""
    angle = np.linspace(0, np.pi, 13)
    rows = np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)
    labels = np.array([1, *[0] * 11, 1])
    kept = retrieval.retrieve(rows[:1], rows, labels[:1], labels)
    left = retrieval.retrieve(rows[:1], rows, labels[:1], labels, leave_out=np.array([0]))
    assert kept.average_precision[0] == (1 + 2 / 13) / 2
    assert left.average_precision[0] == 1 / 12
    assert left.precision[0] == 0


@pytest.mark.parametrize(
    ("sizes", "relevant"),
    [([3, 4], [2, 1]), ([1, 5, 1], [0, 2, 1]), ([6], [6]), ([2, 0, 3], [1, 0, 2])],
)
def test_ties_are_averaged_over_all_their_orders(sizes: list[int], relevant: list[int]) -> None:
    """The closed form equals the mean over every order that leaves the groups in place."""
    groups = [
        [True] * right + [False] * (size - right)
        for size, right in zip(sizes, relevant, strict=True)
    ]
    orders: list[list[bool]] = [[]]
    for group in groups:
        orders = [begun + list(one) for begun in orders for one in permutations(group)]
    wanted = np.mean([slow_average_precision(one) for one in orders])
    np.testing.assert_allclose(
        retrieval.expected_average_precision(np.array(sizes), np.array(relevant)), wanted
    )
    for depth in (1, 3, 5):
        share = np.mean([sum(one[:depth]) / depth for one in orders])
        np.testing.assert_allclose(
            retrieval.expected_precision(np.array(sizes), np.array(relevant), depth), share
        )


def test_nothing_to_find_is_undefined() -> None:
    """A query without a relevant picture has no average precision."""
    assert np.isnan(retrieval.expected_average_precision(np.array([3]), np.array([0])))
    assert np.isnan(retrieval.expected_precision(np.array([3]), np.array([0]), 2))


@pytest.mark.parametrize("leave_one_out", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_label_codes_equal_shuffled_ties(*, leave_one_out: bool) -> None:
    """One-hot vectors in many shuffled galleries average to the closed form."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 30)
    codes = np.where(rng.random(30) < 0.7, labels, rng.integers(0, 3, 30))
    found = retrieval.retrieve_by_code(
        codes, codes, labels, labels, depth=10, leave_one_out=leave_one_out
    )
    vectors = np.eye(3, dtype=np.float32)[codes]
    means = np.zeros(30)
    rounds = 1500
    for _ in range(rounds):
        order = rng.permutation(30)
        own = np.argsort(order) if leave_one_out else None
        one = retrieval.retrieve(vectors, vectors[order], labels, labels[order], leave_out=own)
        means += one.average_precision / rounds
    np.testing.assert_allclose(found.average_precision, means, atol=0.012)


def test_a_perfect_code_finds_everything() -> None:
    """A code that is the label has average precision 1."""
    labels = np.arange(40) % 4
    found = retrieval.retrieve_by_code(labels, labels, labels, labels, leave_one_out=True, depth=9)
    np.testing.assert_allclose(found.average_precision, 1)
    np.testing.assert_allclose(found.precision, 1)


def test_a_gallery_too_small_or_too_large_is_refused() -> None:
    """P@10 of nine pictures has no meaning, and a key holds no more than 2^17 columns."""
    rows = drawn(1, 9)
    with pytest.raises(ValueError, match="more than 10"):
        retrieval.retrieve(rows, rows, np.zeros(9, int), np.zeros(9, int))


def test_planted_twins_are_found_exactly() -> None:
    """An equal picture has cosine exactly 1, a slightly changed one nearly, the rest less; ties by
    place.
    """
    rng = np.random.default_rng(8)
    gallery = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8)
    gallery[30] = gallery[12]
    changed = gallery[5].copy()
    changed[3, 3] ^= 3
    found = retrieval.twins(np.stack([gallery[12], changed, gallery[39]]), gallery)
    assert found.place.tolist() == [12, 5, 39]
    assert found.cosine[0] == found.cosine[2] == 1.0
    assert 0.9999 < found.cosine[1] < 1.0


def test_blank_pictures_have_no_direction() -> None:
    """A blank picture equals another blank one and resembles nothing else."""
    gallery = np.random.default_rng(1).integers(0, 256, (5, 4, 4)).astype(np.uint8)
    blank = np.zeros((1, 4, 4), np.uint8)
    assert retrieval.twins(blank, gallery).cosine.tolist() == [0.0]
    assert retrieval.exact_cosines(blank.reshape(1, -1), blank.reshape(1, -1)).tolist() == [1.0]


def test_a_wrong_label_is_outvoted() -> None:
    """In a bunch of one class, the picture with another label is the only one its neighbours
    contradict.
    """
    rng = np.random.default_rng(2)
    bunches = np.repeat(np.eye(3), 20, axis=0) + 0.05 * rng.normal(size=(60, 3))
    labels = np.repeat([0, 1, 2], 20)
    labels[25] = 2
    vectors = round_embeddings(bunches / np.linalg.norm(bunches, axis=1, keepdims=True))
    said = retrieval.vote(vectors, labels, k=5)
    assert np.flatnonzero(said.winner != labels).tolist() == [25]
    assert said.votes[25] == 5
    assert all(row not in said.neighbours[row] for row in range(60))


def test_principal_axes_equal_the_singular_vectors() -> None:
    """Cosines in the projection are those of NumPy's singular value decomposition."""
    pixels = np.random.default_rng(4).integers(0, 256, (80, 5, 5)).astype(np.uint8)
    found = retrieval.PixelComponents(pixels, 6).project(pixels)
    centred = pixels.reshape(80, -1) - pixels.reshape(80, -1).mean(0)
    wanted = centred @ np.linalg.svd(centred, full_matrices=False)[2][:6].T
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=1e-5)
