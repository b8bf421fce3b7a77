"""Ten ways to see a picture, and what a network says of all of them."""

from __future__ import annotations

import numpy as np

from recommender.embedding.batches import Embedding, Outputs, Pixels, Shapes
from recommender.evaluation import ten_views


def test_a_dot_is_seen_in_its_place_and_beside_it_and_mirrored() -> None:
    """Ten different pictures of one dot, the first of them as it is."""
    dot = np.zeros((1, 5, 6), np.uint8)
    dot[0, 2, 1] = 9
    places = [tuple(np.argwhere(one[0])[0].tolist()) for one in ten_views.views(dot)]
    right = [(2, 1), (3, 1), (1, 1), (2, 2), (2, 0)]
    assert places == [
        place for down, across in right for place in ((down, across), (down, 5 - across))
    ]


def test_what_leaves_at_one_edge_does_not_come_back_at_the_other() -> None:
    """A white picture gets a black edge, and only one."""
    white = np.full((2, 4, 4), 255, np.uint8)
    lost = [16 * 2 - np.count_nonzero(one) for one in ten_views.views(white)]
    assert lost == [0, 0] + [8] * 8
    assert (white == 255).all()


def test_the_mean_is_that_of_ten_answers() -> None:
    """A network that says where the light is; left and right even out."""

    def run(pixels: Pixels) -> Outputs:
        halves = np.stack([pixels[:, :, :2].sum((1, 2)), pixels[:, :, 2:].sum((1, 2))], axis=1)
        return np.tile(np.float32([1, 0]), (len(pixels), 1)), halves.astype(np.float32)

    network = Embedding(run, shapes=Shapes(4, 4), size=4, dim=2, classes=2)
    pixels = np.zeros((3, 4, 4), np.uint8)
    pixels[:, 1, 0] = 10
    steps: list[int] = []
    found = ten_views.mean_logits(network, pixels, step=steps.append)
    np.testing.assert_allclose(
        found, np.full((3, 2), 4.0)
    )  # one of ten views lost the dot, another none
    assert steps == [3] * ten_views.N_VIEWS
