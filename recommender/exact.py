"""Arithmetic whose bits depend on the numbers alone: not on threads, BLAS, batch or instruction
set.

Floating-point sums change with their order. BLAS and LAPACK choose the order by processor, number
of threads and shape. So `product` rounds its factors to so few bits that no order of adding can
round again (the first slice of Ozaki et al., Error-free transformations of matrix multiplication,
2012). All else is made of additions, multiplications, divisions and square roots in a written
order. IEEE 754 defines those to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MANTISSA = 53
"""Bits that a float64 holds."""

SOME = 1 << 13
"""Numbers that `exp` and `log` work on at once, so that they stay in the processor's cache."""

INNER_AT_ONCE = 1 << 11
"""Products that `product` adds up at once: their factors stay in the cache, and sums are exact."""

AT_ONCE = 1 << 17
"""Entries of matrices that are eliminated at once."""

SWEEPS = 30
"""Rounds of all pairs in `eigen` at most; a matrix of 128 needs about 10."""

EIGEN_PRECISION = 1e-15
"""What may be left beside the diagonal in `eigen`, relative to the greatest entry."""

_LN2_HIGH = float.fromhex("0x1.62e42feep-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
"""Their sum is log(2) to 86 bits; the first has so few bits that its product with an exponent is
exact.
"""

_TAYLOR = tuple(1 / math.factorial(power) for power in range(11, -1, -1))
"""Of the exponential; what is left out is below 1e-14 for arguments up to log(2) / 2."""

_SERIES = tuple(1 / odd for odd in range(21, 0, -2))
"""Of atanh(s) / s in powers of s^2; what is left out is below 1e-17 for s up to 0.172."""


def product(a: NDArray[np.floating], b: NDArray[np.floating]) -> Floats:
    """The matrix product float64 [..., n, m] of a [..., n, k] and b [..., k, m].

    Each factor is first rounded, relative to its greatest entry, so that every sum of k products is
    exact: to 26 bits for a k of 2, to 21 for a k of 2,000.
    """
    bits = (MANTISSA - max(1, int(a.shape[-1] - 1).bit_length())) // 2
    if a.ndim > 2 or b.ndim > 2 or a.shape[1] <= INNER_AT_ONCE:
        return np.asarray(np.matmul(gridded(a, bits), gridded(b, bits)))
    step = _step(a, bits)
    other = _step(b, bits)
    total = np.zeros((len(a), b.shape[1]))
    for begin in range(0, len(b), INNER_AT_ONCE):
        part = slice(begin, begin + INNER_AT_ONCE)
        total += np.matmul(_on_grid(a[:, part], step), _on_grid(b[part], other))
    return total


def gridded(numbers: NDArray[np.floating], bits: int) -> Floats:
    """Numbers rounded to multiples of one power of two, of which the greatest has 2^bits:
    float64.
    """
    return _on_grid(numbers, _step(numbers, bits))


def _step(numbers: NDArray[np.floating], bits: int) -> float:
    """The power of two of which no number has more than 2^bits; 0 where all are 0."""
    greatest = max(float(numbers.max(initial=0.0)), -float(numbers.min(initial=0.0)))
    if greatest == 0.0:
        return 0.0
    _, exponent = np.frexp(greatest)
    return float(np.ldexp(1.0, int(exponent) - bits))


def _on_grid(numbers: NDArray[np.floating], step: float) -> Floats:
    if step == 0.0:
        return np.asarray(numbers, dtype=np.float64)
    found = np.divide(numbers, step, dtype=np.float64)
    np.rint(found, out=found)
    found *= step
    return np.asarray(found)


def solved(matrix: Floats, wanted: Floats) -> Floats:
    """The x [n, d] for which matrix [n, d, d] times x is the wanted [n, d].

    The matrices must be positive definite; this is not checked.
    """
    return _eliminated(matrix, wanted[:, :, None])[:, :, 0]


def inverse(matrix: Floats) -> Floats:
    """The inverses of positive definite matrices [n, d, d]."""
    n, d, _ = matrix.shape
    return _eliminated(matrix, np.broadcast_to(np.eye(d), (n, d, d)), is_identity=True)


def times(matrix: Floats, vector: Floats) -> Floats:
    """Products [n, d] of matrices [n, d, e] and vectors [n, e], added in the order of the
    columns.
    """
    total = np.zeros(matrix.shape[:2])
    for column in range(matrix.shape[2]):
        total += matrix[:, :, column] * vector[:, column, None]
    return total


def _eliminated(matrix: Floats, wanted: Floats, *, is_identity: bool = False) -> Floats:
    """Solutions [n, d, m] by Gauss and Jordan; a positive definite matrix needs no pivots.

    is_identity: what is wanted is, so that columns not come to yet hold zeros and stay as they are.
    """
    found = np.empty(wanted.shape)
    width = matrix.shape[1] + wanted.shape[2]
    some = max(1, AT_ONCE // max(1, matrix.shape[1] * width))
    for begin in range(0, len(matrix), some):
        part = slice(begin, begin + some)
        rows = np.concatenate([matrix[part], wanted[part]], axis=2)
        found[part] = _swept(rows, is_identity=is_identity)
    return found


def _swept(left: Floats, *, is_identity: bool) -> Floats:
    """The solutions [n, d, m] of rows [n, d, d + m]: the matrix, then the right-hand sides.

    The batch is the last axis while it works, so that each step is one pass over memory in its
    order.
    """
    d = left.shape[1]
    left = np.ascontiguousarray(left.transpose(1, 2, 0))
    for step in range(d):
        part = slice(step + 1, d + step + 1 if is_identity else None)
        row = left[step, part] / left[step, step]
        left[:, part] -= left[:, step, None] * row
        left[step, part] = row
    return np.asarray(left[:, d:].transpose(2, 0, 1))


def exp(numbers: NDArray[np.floating]) -> Floats:
    """The exponential of numbers between -700 and 700, any shape; right to 1e-14 of itself."""
    return _piecewise(_exp, numbers)


def log(numbers: NDArray[np.floating]) -> Floats:
    """The natural logarithm of numbers above 0, any shape; right to 1e-15."""
    return _piecewise(_log, numbers)


def _piecewise(work: Callable[[Floats], Floats], numbers: NDArray[np.floating]) -> Floats:
    flat = np.ascontiguousarray(numbers, dtype=np.float64).ravel()
    found = np.empty(len(flat))
    for begin in range(0, len(flat), SOME):
        part = slice(begin, begin + SOME)
        found[part] = work(flat[part])
    return found.reshape(numbers.shape)


def _exp(x: Floats) -> Floats:
    power = np.rint(x * (1.0 / math.log(2.0)))
    left = x - power * _LN2_HIGH
    left -= power * _LN2_LOW
    exponent = (power.astype(np.int64) + 1023) << 52
    return np.asarray(_polynomial(_TAYLOR, left) * exponent.view(np.float64))


def _log(x: Floats) -> Floats:
    mantissa, exponent = np.frexp(x)
    is_low = mantissa < math.sqrt(0.5)
    mantissa[is_low] *= 2.0
    power = (exponent - is_low).astype(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    found = _polynomial(_SERIES, s * s)
    found *= 2.0 * s
    found += power * _LN2_LOW
    return np.asarray(found + power * _LN2_HIGH)


def _polynomial(factors: Sequence[float], x: Floats) -> Floats:
    """The sum of factors times falling powers of x (Horner)."""
    total = np.full(len(x), factors[0])
    for factor in factors[1:]:
        total *= x
        total += factor
    return total


def eigen(symmetric: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues [d], falling, and eigenvectors as columns [d, d] of a symmetric matrix (Jacobi
    1846).

    A sweep turns every pair of axes once, in rounds of pairs that share no axis (Brent and Luk
    1985).
    """
    d = len(symmetric)
    matrix = symmetric.astype(np.float64)
    axes = np.eye(d)
    rounds = _round_robin(d)
    enough = EIGEN_PRECISION * float(np.abs(matrix).max(initial=0.0))
    for _ in range(SWEEPS):
        if not d or np.abs(matrix - np.diag(np.diag(matrix))).max() <= enough:
            break
        for first, second in rounds:
            _turn(matrix, axes, first, second)
    order = np.argsort(-np.diag(matrix), kind="stable")
    return np.diag(matrix)[order], axes[:, order]


def _round_robin(d: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rounds in which d players meet two by two, until each has met all; with an odd d one sits
    out.
    """
    seats = list(range(d + d % 2))
    half = len(seats) // 2
    rounds = []
    for _ in range(len(seats) - 1):
        pairs = [
            pair for pair in zip(seats[:half], seats[: half - 1 : -1], strict=True) if max(pair) < d
        ]
        low = np.array([min(pair) for pair in pairs], dtype=np.int64)
        rounds.append((low, np.array([max(pair) for pair in pairs], dtype=np.int64)))
        seats.insert(1, seats.pop())
    return rounds


def _turn(
    matrix: Floats, axes: Floats, first: NDArray[np.int64], second: NDArray[np.int64]
) -> None:
    """Turn pairs of axes so that the matrix has 0 where they meet (Rutishauser's formulas); in
    place.
    """
    beside = matrix[first, second]
    apart = (matrix[second, second] - matrix[first, first]) / 2.0
    root = np.abs(apart) + np.sqrt(apart * apart + beside * beside)
    tangent = np.where(apart < 0, -beside, beside) / np.where(root > 0, root, 1.0)
    cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
    sine = tangent * cosine
    for rows in (matrix, matrix.T, axes.T):
        one = rows[first]
        other = rows[second]
        rows[first] = cosine[:, None] * one - sine[:, None] * other
        rows[second] = sine[:, None] * one + cosine[:, None] * other
