"""Each moment is the share or the mean that its name says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulator.fitting.moments import moments
from tests.unit.simulator.fitting.test_told_apart import visits

FIVE: dict[str, Any] = {"shown_at": np.full(10, 100), "clicked_at": np.array([8] * 5 + [4] * 5)}


def test_moments_are_what_they_are_called() -> None:
    """Against counts by hand."""
    seen = replace(visits(1, looks=2), **FIVE)
    found = moments(seen, has_items=False)
    assert found["slates a visit"] == seen.slates.mean()
    share = (seen.carts.sum() + 0.5) / (seen.looks.sum() + 1)
    assert found["carts per look"] == pytest.approx(np.log(share / (1 - share)))
    assert found["clicks below the middle"] == pytest.approx(np.log(20.5 / 40.5))


def test_without_slates_only_looks_are_counted() -> None:
    """And nothing is said of places and items."""
    found = moments(replace(visits(1, looks=2), has_slates=False), has_items=False)
    assert {"looks a visit", "visits of one look"} < set(found)
    assert not {"slates a visit", "clicks below the middle", "popularity"} & set(found)


def test_popularity_does_not_depend_on_how_many_looks_there_are() -> None:
    """Ten times as many looks at the same shares of items give about the same moment."""
    rng = np.random.default_rng(2)
    few, many = (
        moments(replace(visits(1, looks=2), **FIVE, looked=rng.integers(0, 50, n)), has_items=True)
        for n in (2_000, 20_000)
    )
    assert few["popularity"] == pytest.approx(many["popularity"], abs=0.1)
    assert few["popularity"] == pytest.approx(np.log(1 / 50), abs=0.1)


def test_no_event_of_a_kind_is_a_number() -> None:
    """A log without a cart, a purchase or a click gives finite moments."""
    seen = visits(1, looks=0)
    nothing = np.zeros_like(seen.carts)
    seen = replace(seen, carts=nothing, looks=nothing)
    assert np.isfinite(list(moments(seen, has_items=True).values())).all()
