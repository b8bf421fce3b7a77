"""Views and turns: draws with an address, losses as they are defined."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import tensorflow as tf

from recommender.embedding.training.contrast import TURNS, contrastive_loss, turned, viewed
from recommender.embedding.training.training_settings import Contrast

PICTURES = tf.constant(np.random.default_rng(2).integers(0, 256, (9, 28, 28, 1)).astype(np.float32))
ADDRESS = tf.constant([1, 5])


def test_every_picture_is_turned_by_its_own_quarters() -> None:
    """Turned back, they are the pictures; the draws are all in use and belong to the address."""
    found, quarters = turned(PICTURES, ADDRESS)
    for picture, image, k in zip(PICTURES.numpy(), found.numpy(), quarters.numpy(), strict=True):
        np.testing.assert_array_equal(np.rot90(image, -k), picture)
    assert set(turned(tf.repeat(PICTURES, 9, axis=0), ADDRESS)[1].numpy()) == set(range(TURNS))
    assert (turned(PICTURES, ADDRESS)[1].numpy() == quarters.numpy()).all()
    assert (turned(PICTURES, tf.constant([1, 6]))[1].numpy() != quarters.numpy()).any()


STILL = Contrast(stretch=0.0, tilt=0.0, drift=0.0, fade=0.0, dim=1.0)


def test_a_view_that_may_not_move_is_the_picture_or_its_mirror_image() -> None:
    """Every other setting at rest, what is left is the mirror, and both sides of it are drawn."""
    views = viewed(PICTURES, ADDRESS, STILL).numpy()
    is_same = [
        np.allclose(view, one, atol=0.01) for view, one in zip(views, PICTURES.numpy(), strict=True)
    ]
    is_mirrored = [
        np.allclose(view, one[:, ::-1], atol=0.01)
        for view, one in zip(views, PICTURES.numpy(), strict=True)
    ]
    assert all(a != b for a, b in zip(is_same, is_mirrored, strict=True))
    assert any(is_same)
    assert any(is_mirrored)


@pytest.mark.parametrize(
    "name", [each.name for each in fields(Contrast) if each.name not in {"weight", "temperature"}]
)
def test_every_way_to_move_a_view_matters(name: str) -> None:
    """Each alone changes the picture, and views stay within the grey levels."""
    moved = replace(STILL, **{name: getattr(Contrast(), name)})
    views = viewed(PICTURES, ADDRESS, moved).numpy()
    assert np.abs(views - viewed(PICTURES, ADDRESS, STILL).numpy()).max() > 1
    assert views.min() >= 0
    assert views.max() <= 255.01


def test_the_loss_of_views_is_that_of_its_definition() -> None:
    """Pair by pair in plain Python: how improbable the twin is among all other views."""
    rows = np.random.default_rng(3).normal(size=(8, 5))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    wanted = []
    for i in range(8):
        others = [np.exp(rows[i] @ rows[j] / 0.2) for j in range(8) if j != i]
        wanted.append(-np.log(np.exp(rows[i] @ rows[(i + 4) % 8] / 0.2) / sum(others)))
    found = float(contrastive_loss(tf.constant(rows, tf.float32), 0.2))
    assert found == pytest.approx(np.mean(wanted), rel=1e-5)
