"""Accuracy, precision, recall, F1 and the confusion matrix on answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.classification import classification, confusion_matrix

TRUTH = np.array([0, 0, 0, 1, 1, 2], np.uint8)
GUESSES = np.array([0, 0, 1, 1, 2, 1])


def test_rows_are_the_truth_and_columns_the_guess() -> None:
    """The matrix is not symmetric here, so swapped axes would show."""
    assert confusion_matrix(TRUTH, GUESSES, 3).tolist() == [[2, 1, 0], [0, 1, 1], [0, 1, 0]]


def test_measures_equal_the_hand_calculation() -> None:
    """Three of six are right; class 1 was guessed thrice and right once."""
    found = classification(TRUTH, GUESSES, 3)
    assert found.accuracy == 0.5
    np.testing.assert_allclose(found.precision, [1, 1 / 3, 0])
    np.testing.assert_allclose(found.recall, [2 / 3, 1 / 2, 0])
    np.testing.assert_allclose(found.f1, [4 / 5, 2 / 5, 0])


def test_what_is_undefined_is_not_zero() -> None:
    """A class never guessed has no precision, one without items no recall; JSON says null."""
    found = classification(np.array([0, 1]), np.array([0, 0]), 3)
    assert np.isnan(found.precision).tolist() == [False, True, True]
    assert np.isnan(found.recall).tolist() == [False, False, True]
    assert found.to_json()["recall"] == [1.0, 0.0, None]


@pytest.mark.parametrize(
    ("truth", "guesses", "complaint"),
    [
        ([0, 1], [0], "one guess a label"),
        ([0, 3], [0, 1], "labels must lie"),
        ([0, 1], [0, -1], "guesses must lie"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    truth: list[int], guesses: list[int], complaint: str
) -> None:
    """Lengths that differ and labels outside the classes raise ValueError."""
    with pytest.raises(ValueError, match=complaint):
        classification(np.array(truth), np.array(guesses), 3)


def test_nothing_to_measure_is_refused() -> None:
    """An accuracy over no labels would be a made-up number."""
    with pytest.raises(ValueError, match="no labels"):
        classification(np.zeros(0, np.int64), np.zeros(0, np.int64), 3)
