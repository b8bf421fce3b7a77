"""Arithmetic whose bits depend on the numbers alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import exact
from recommender.exact import Floats

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 200), st.integers(1, 6))
SEEDS = st.integers(0, 2**32 - 1)


def numbers(seed: int, *shape: int) -> Floats:
    """Of very different sizes."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=shape) * 10.0 ** rng.integers(-6, 6, shape))


@given(SHAPES, SEEDS)
def test_a_product_is_the_same_in_any_order_of_its_terms(
    shape: tuple[int, int, int], seed: int
) -> None:
    """Reversed terms, and terms added one by one: the same bits as BLAS."""
    n, k, m = shape
    a = numbers(seed, n, k)
    b = numbers(seed + 1, k, m)
    product = exact.product(a, b)
    assert np.array_equal(product, exact.product(a[:, ::-1], b[::-1]))
    bits = (exact.MANTISSA - max(1, (k - 1).bit_length())) // 2
    one_by_one = np.zeros((n, m))
    for column, row in zip(exact.gridded(a, bits).T, exact.gridded(b, bits), strict=True):
        one_by_one += column[:, None] * row
    assert np.array_equal(product, one_by_one)


@given(SHAPES, SEEDS)
def test_a_product_is_close_to_the_usual_one(shape: tuple[int, int, int], seed: int) -> None:
    """Within what rounding to 20 bits of the greatest entry allows."""
    n, k, m = shape
    a = numbers(seed, n, k)
    b = numbers(seed + 1, k, m)
    allowed = 2.0**-18 * k * np.abs(a).max() * np.abs(b).max()
    assert np.abs(exact.product(a, b) - a @ b).max() <= allowed


def test_a_product_is_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many terms are added up at once, the last piece shorter."""
    a = numbers(1, 4, 100)
    b = numbers(2, 100, 3).astype(np.float32)
    whole = exact.product(a, b)
    monkeypatch.setattr(exact, "INNER_AT_ONCE", 32)
    assert np.array_equal(exact.product(a, b), whole)


def test_products_of_nothing_are_nothing() -> None:
    """No rows, no terms, only zeros."""
    assert exact.product(np.zeros((0, 3)), np.ones((3, 2))).shape == (0, 2)
    assert exact.product(np.zeros((2, 0)), np.zeros((0, 2))).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert not exact.product(np.zeros((2, 3)), np.ones((3, 2))).any()


def test_the_grid_is_a_power_of_two_below_the_greatest() -> None:
    """5 with 3 bits is a multiple of 1, 0.3 rounds to 0; with 5 bits the step is 1/4."""
    assert exact.gridded(np.array([5.0, 0.3, -2.6]), 3).tolist() == [5.0, 0.0, -3.0]
    assert exact.gridded(np.array([5.0, 0.3, -2.6]), 5).tolist() == [5.0, 0.25, -2.5]


def positive_definite(seed: int, n: int, d: int) -> Floats:
    """Matrices [n, d, d] with eigenvalues from 1 on."""
    rows = np.random.default_rng(seed).normal(size=(n, d, d))
    return np.asarray(rows @ rows.transpose(0, 2, 1) + np.eye(d))


@given(st.integers(0, 40), st.integers(1, 14), SEEDS)
def test_solutions_and_inverses_are_those_of_lapack(n: int, d: int, seed: int) -> None:
    """To 1e-9, and a matrix's result does not depend on what stands beside it."""
    matrix = positive_definite(seed, n, d)
    wanted = np.random.default_rng(seed + 1).normal(size=(n, d))
    solved = exact.solved(matrix, wanted)
    np.testing.assert_allclose(
        solved, np.linalg.solve(matrix, wanted[:, :, None])[:, :, 0], atol=1e-9
    )
    np.testing.assert_allclose(exact.inverse(matrix), np.linalg.inv(matrix), atol=1e-9)
    if n:
        assert np.array_equal(exact.solved(matrix[-1:], wanted[-1:])[0], solved[-1])


def test_a_batch_is_solved_alike_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many matrices are worked on at once."""
    matrix = positive_definite(3, 50, 5)
    whole = exact.inverse(matrix)
    monkeypatch.setattr(exact, "AT_ONCE", 64)
    assert np.array_equal(exact.inverse(matrix), whole)


def test_times_multiplies_each_matrix_with_its_vector() -> None:
    """Matrices need not be square: [n, 2, 3] times [n, 3]."""
    matrix = np.arange(12.0).reshape(2, 2, 3)
    vector = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.5]])
    assert exact.times(matrix, vector).tolist() == [[4.0, 13.0], [11.0, 15.5]]


def test_exponentials_and_logarithms_are_right() -> None:
    """Over the range in use, any shape, and the two undo each other."""
    x = np.linspace(-700, 700, 20_001).reshape(3, -1)
    np.testing.assert_allclose(exact.exp(x), np.exp(x), rtol=2e-14)
    positive = np.concatenate(
        [np.geomspace(1e-300, 1e300, 20_001), 1 + np.linspace(-0.5, 0.5, 1001)]
    )
    np.testing.assert_allclose(exact.log(positive), np.log(positive), rtol=1e-14, atol=1e-16)
    assert exact.exp(np.array(0.0)) == 1.0
    assert exact.log(np.array(1.0)) == 0.0


@pytest.mark.parametrize("d", [1, 2, 3, 8, 31])
def test_eigenvectors_are_orthonormal_and_make_the_matrix(d: int) -> None:
    """Eigenvalues fall, axes' products are 0 and 1, and axes * values * axes' is the matrix."""
    rows = np.random.default_rng(d).normal(size=(200, d)) * np.linspace(3, 1, d)
    matrix = rows.T @ rows / 200
    values, axes = exact.eigen(matrix)
    assert (np.diff(values) <= 0).all()
    np.testing.assert_allclose(axes.T @ axes, np.eye(d), atol=1e-12)
    np.testing.assert_allclose((axes * values) @ axes.T, matrix, atol=1e-12)


def test_eigenvalues_that_coincide_are_no_trouble() -> None:
    """Three equal ones; a matrix of zeros; no matrix."""
    values, axes = exact.eigen(np.diag([2.0, 5.0, 2.0, 2.0]))
    assert values.tolist() == [5.0, 2.0, 2.0, 2.0]
    assert np.array_equal(np.abs(axes).sum(axis=0), np.ones(4))
    assert exact.eigen(np.zeros((2, 2)))[0].tolist() == [0.0, 0.0]
    assert exact.eigen(np.zeros((0, 0)))[0].shape == (0,)
