"""Where a picture stands among its class: planted differences come back, those between classes do
not.
"""

from __future__ import annotations

import numpy as np
import pytest

from recommender.embedding.training.appearance import LIMIT, within_class


def pictures(n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two classes of very different brightness; in both the upper half varies much, the left half
    less.
    """
    rng = np.random.default_rng(2)
    labels = np.arange(n) % 2
    said = rng.normal(size=(n, 2))
    images = np.where(labels == 1, 180.0, 60.0)[:, None, None] + np.zeros((n, 8, 8))
    images[:, :4] += 20 * said[:, 0, None, None]
    images[:, :, :4] += 8 * said[:, 1, None, None]
    return np.clip(np.rint(images), 0, 255).astype(np.uint8), labels, said


def test_what_varies_within_the_classes_comes_back() -> None:
    """Two components span the two planted differences; the mean square length is one but for what
    was cut.
    """
    images, labels, said = pictures()
    found = within_class(images, labels, 2)
    assert found.shape == (200, 2)
    assert found.dtype == np.float32
    planted = said - np.stack([said[labels == one].mean(0) for one in (0, 1)])[labels]
    fitted = found @ np.linalg.lstsq(found, planted, rcond=None)[0]
    assert ((fitted - planted) ** 2).sum() < 0.05 * (planted**2).sum()
    assert 0.9 < (found**2).sum(1).mean() <= 1


def test_the_class_itself_is_not_said() -> None:
    """However far the classes are apart, both have their mean at the origin."""
    images, labels, _ = pictures()
    found = within_class(images, labels, 2)
    for one in (0, 1):
        assert np.abs(found[labels == one].mean(0)).max() < 0.05


def test_an_odd_picture_does_not_lead() -> None:
    """Its length is cut."""
    images, labels, _ = pictures()
    images[0] = 255 - images[0]
    assert np.linalg.norm(within_class(images, labels, 2), axis=1).max() <= LIMIT * (1 + 1e-6)


def test_a_class_of_equal_pictures_stands_at_the_origin() -> None:
    """Nothing tells them apart, and nothing is divided by zero."""
    images = np.full((6, 4, 4), 90, np.uint8)
    np.testing.assert_array_equal(within_class(images, np.zeros(6, int), 3), np.zeros((6, 3)))


@pytest.mark.parametrize("n_components", [0, 65])
def test_more_components_than_pixels_are_refused(n_components: int) -> None:
    """Or none at all."""
    images, labels, _ = pictures()
    with pytest.raises(ValueError, match=r"components must lie in 1\.\.64"):
        within_class(images, labels, n_components)
