"""Each measure against a log of three visits that is counted by hand."""

from __future__ import annotations

import numpy as np

from simulator.realism.measures import samples_of
from simulator.realism.observed import LOOK, TIMED, Observed

DAY = 86_400.0
SEEN = Observed(
    visit=np.array([0, 0, 1, 2]),
    kind=np.full(4, LOOK),
    time=np.array([0.0, 60.0, DAY, 5.0]),
    item=np.array([7, 8, 7, 7]),
    shopper=np.array([0, 0, 1]),
    known=frozenset({LOOK, TIMED}),
)


def test_measures_are_what_they_are_called() -> None:
    """Looks, time, returns, visits and repeats."""
    found = {name: one.values.tolist() for name, one in samples_of(SEEN).items()}
    assert found["looks a visit"] == [2, 1, 1]
    assert found["time between events"] == [1]
    assert found["length of a visit"] == [1, 0, 0]
    assert found["time to the next visit"] == [1]
    assert found["visits a shopper"] == [2, 1]
    assert sorted(found["looks at an item again"]) == [0, 0, 0, 1]


def test_what_a_log_does_not_record_is_left_out() -> None:
    """Missing is not zero."""
    assert not {"slates a visit", "visits with a cart"} & set(samples_of(SEEN))
