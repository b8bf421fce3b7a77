"""Each moment is the share or the mean that its name says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulator.fitting.moments import moments
from simulator.fitting.seen import PLACES, SeenVisits

FIVE: dict[str, Any] = {"shown_at": np.full(10, 100), "clicked_at": np.array([8] * 5 + [4] * 5)}


def visits(seed: int, *, looks: float, n: int = 600) -> SeenVisits:
    """Of some shoppers, with so many looks in the mean."""
    rng = np.random.default_rng(seed)
    none = np.zeros(PLACES, np.int64)
    return SeenVisits(
        has_slates=True,
        days=6,
        shopper=rng.integers(0, 200, n),
        day=rng.integers(0, 6, n),
        slates=rng.integers(1, 4, n),
        looks=rng.poisson(looks, n),
        carts=rng.binomial(1, 0.2, n),
        purchases=np.zeros(n, np.int64),
        shown_at=none,
        clicked_at=none,
        searched=none[:0],
        looked=none[:0],
    )


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
