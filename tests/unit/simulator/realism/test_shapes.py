"""What is drawn is what was counted."""

from __future__ import annotations

import numpy as np

from simulator.realism.measures import ShopperSample
from simulator.realism.shapes import shapes


def sample(*values: float) -> ShopperSample:
    """A value a shopper."""
    return ShopperSample(np.array(values), np.arange(len(values)))


def test_a_distribution_runs_from_the_least_to_the_most_and_ranks_from_the_first() -> None:
    """Of both sides; a measure that only one side has is left out."""
    real = {
        "looks a visit": sample(1, 2, 9),
        "popularity by rank": sample(5, 5, 5, 6),
        "length of a visit": sample(1),
    }
    found = shapes(real, {"looks a visit": sample(3, 3), "popularity by rank": sample(1, 1)})
    assert set(found) == {"looks a visit", "popularity by rank"}
    assert [found["looks a visit"]["real"][place] for place in (0, 20, 40)] == [1, 2, 9]
    assert found["popularity by rank"]["real"] == {"rank": [1, 2], "share": [0.75, 0.25]}
