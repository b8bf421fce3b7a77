"""A picture for each shape."""

from __future__ import annotations

from simulator.realism.pictures import pictures

SHAPES = {
    "looks a visit": {"real": [0.0, 1.0, 9.0], "simulated": [1.0, 1.0, 1.0]},
    "time between events": {"real": [0.0, 0.0, 0.0], "simulated": [0.0, 0.0, 0.0]},
    "popularity by rank": {
        "real": {"rank": [1, 2], "share": [0.7, 0.3]},
        "simulated": {"rank": [1], "share": [1.0]},
    },
    "clicks by position": {"place": [1, 2], "real": [0.6, 0.4], "simulated": [0.5, 0.5]},
}


def test_every_shape_is_drawn_with_both_sides() -> None:
    """Even where all values are zero; without shapes there is nothing to see."""
    found = pictures({"shapes": SHAPES})
    assert len(found) == len(SHAPES)
    for one in found:
        assert "yours" in one.chart.inline
        assert "simulated" in one.chart.inline
    assert pictures({}) == []
