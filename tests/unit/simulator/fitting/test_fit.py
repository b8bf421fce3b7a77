"""What is told of a fit."""

from __future__ import annotations

from simulator.fitting.fit import FittedWorld


def test_too_few_shoppers_are_no_area_of_one_half() -> None:
    """Without an area the sentence says why; with one it says before and after."""
    few = FittedWorld({}, ["click_base"], {"before": None, "after": None}, "")
    some = FittedWorld({}, ["click_base"], {"before": 0.75, "after": 0.5}, "")
    assert few.sentence().endswith("too few to say how near the simulated visits came.")
    assert "0.750 before and 0.500 after" in some.sentence()
