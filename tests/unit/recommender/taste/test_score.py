"""A taste after more slates: the same bits however many places are worked out at once."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.taste.score import AT_ONCE, Responses, posterior
from tests import twins

STEPS = 2


@pytest.mark.parametrize(
    ("n", "n_places", "dims"), [(1, 30, 12), (3, 7, 5), (2, 4, 1), (2, 0, 3), (700, 3, 12)]
)
def test_a_taste_has_the_bits_of_one_place_after_the_other(
    n: int, n_places: int, dims: int
) -> None:
    """Places are worked out together, and added up in their order: slates keep their bytes."""
    pull, precision, responses = _some(n, n_places, dims)

    found = posterior(pull, precision, responses, steps=STEPS)

    few = [0, n - 1] if n > 3 else range(n)
    for row in few:
        alone = Responses(*(part[row] for part in vars(responses).values()))
        expected = twins.taste_after(pull[row], precision[row], alone, steps=STEPS)
        assert found[row].tobytes() == expected.tobytes()


def test_some_case_has_more_places_than_are_held_at_once() -> None:
    """Otherwise the test above would not meet the border between two blocks."""
    assert AT_ONCE < 700 * 3 * 12 * 12


def _some(n: int, n_places: int, dims: int) -> tuple[np.ndarray, np.ndarray, Responses]:
    rng = np.random.default_rng(n)
    rough = rng.normal(size=(n, dims, dims))
    precision = np.eye(dims) + rough @ rough.transpose(0, 2, 1)
    examined = np.where(rng.random((n, n_places)) < 0.8, rng.random((n, n_places)), 0.0)
    style = rng.normal(size=(n, n_places, dims))
    offset = rng.normal(size=(n, n_places))
    acted = rng.random((n, n_places)) < 0.2
    return rng.normal(size=(n, dims)), precision, Responses(style, offset, examined, acted)
