"""Ranks: who is better beyond chance stands before, and who cannot be told apart shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from simulator.leaderboard.board import Board, rank
from simulator.report.numbers.statistics import Estimate, undefined


def of_shops(values: Sequence[float]) -> list[Estimate]:
    """One estimate a seed, whose shoppers nobody looks at."""
    return [Estimate(value, np.zeros(2), np.ones(2, np.bool_), 2) for value in values]


def ranked(metric: str, **found: Sequence[float]) -> Board:
    """A board of contestants that are called as their policies."""
    names = {name: name for name in found}
    return rank(metric, {name: of_shops(values) for name, values in found.items()}, names, ())


def ranks(board: Board) -> dict[str, int | None]:
    """By name, in the order of the board."""
    return {one.name: one.rank for one in board.standings}


def test_who_cannot_be_told_apart_shares_a_rank() -> None:
    """Two that win now and then, and one that always loses."""
    board = ranked(
        "ctr_late_expected",
        visual=[0.02, 0.021, 0.022, 0.02, 0.021],
        blend=[0.051, 0.05, 0.052, 0.049, 0.05],
        mine=[0.05, 0.051, 0.05, 0.051, 0.051],
    )
    assert ranks(board) == {"mine": 1, "blend": 1, "visual": 3}


def test_the_pairs_are_held_seed_by_seed() -> None:
    """Shops differ much more than policies, and the one is ahead in each."""
    shops = np.array([0.02, 0.05, 0.03, 0.08, 0.04])
    lead = np.array([0.001, 0.0012, 0.0009, 0.0011, 0.001])
    board = ranked("ctr_late_expected", blend=(shops + lead).tolist(), visual=shops.tolist())
    assert ranks(board) == {"blend": 1, "visual": 2}
    intervals = {one.name: one.value for one in board.standings}
    assert intervals["visual"].high > intervals["blend"].value


def test_less_is_better_where_the_measure_says_so() -> None:
    """Bounces."""
    board = ranked("bounce_rate", few=[0.1, 0.11, 0.1, 0.1], many=[0.3, 0.31, 0.3, 0.32])
    assert ranks(board) == {"few": 1, "many": 2}


def test_more_pairs_ask_for_more_evidence() -> None:
    """What decides a pair alone does not decide it among ten others."""
    pair = {"a": [0.0505, 0.0512, 0.0507, 0.0507], "b": [0.049, 0.049, 0.0492, 0.0494]}
    alone = ranked("ctr", **pair)
    rng = np.random.default_rng(1)
    others = {f"other{n}": rng.normal(0.05, 0.004, 4).tolist() for n in range(8)}
    among = ranked("ctr", **pair, **others)
    (first,) = alone.duels
    (again,) = (one for one in among.duels if {one.a, one.b} == {"a", "b"})
    assert first.gap.p == again.gap.p
    assert first.is_decided
    assert not again.is_decided


def test_a_reference_has_a_value_and_no_rank() -> None:
    """It knows what no recommender may."""
    found = {"oracle": of_shops([0.2, 0.21]), "blend": of_shops([0.05, 0.051])}
    board = rank("ctr", found, {name: name for name in found}, {"oracle"})
    assert ranks(board) == {"oracle": None, "blend": 1}
    assert board.duels == []


def test_one_run_ranks_whom_it_tells_of() -> None:
    """What `cf` shows hangs on whose clicks came first: another run would be another."""
    rng = np.random.default_rng(2)
    found = {
        name: [Estimate(value, rng.normal(0, 1e-5, 400), np.ones(400, np.bool_), 400)]
        for name, value in (("visual", 0.04), ("cf", 0.03), ("blend", 0.06))
    }
    board = rank("ctr", found, {name: name for name in found}, ())
    assert ranks(board) == {"blend": 1, "visual": 2, "cf": None}
    assert not board.is_over_shops
    (cf,) = (one for one in board.to_json()["standings"] if one["policy"] == "cf")
    assert (cf["low"], cf["high"]) == (None, None)


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_was_never_measured_comes_last(seeds: int) -> None:
    """Its value is missing, not nought."""
    found = {"mine": [undefined(2)] * seeds, "visual": of_shops([0.01] * seeds)}
    board = rank("ctr", found, {name: name for name in found}, ())
    assert [one.name for one in board.standings] == ["visual", "mine"]
