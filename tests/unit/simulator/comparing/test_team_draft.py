"""Two lists become one, fairly: against the obvious loop, and in what must hold of any draft."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.comparing.team_draft import NOBODY, team_draft
from tests import twins

LISTS = st.lists(st.integers(-1, 12), min_size=1, max_size=8)
LOTS = st.lists(st.booleans(), min_size=1, max_size=10)


@given(first=LISTS, second=LISTS, lots=LOTS)
def test_a_draft_is_that_of_the_obvious_loop(
    first: list[int], second: list[int], lots: list[bool]
) -> None:
    """Place by place: whose pick, and which item; a list may be short, or hold an item twice."""
    found = team_draft(np.array([first]), np.array([second]), np.array([lots]))
    picks = [
        (team, item)
        for team, item in zip(found.team[0].tolist(), found.items[0].tolist(), strict=True)
        if team != NOBODY
    ]
    assert picks == twins.team_draft(first, second, lots)


@given(
    first=st.permutations(range(5)), second=st.permutations(range(5)), lots=st.lists(st.booleans())
)
def test_credit_is_the_mean_over_all_drafts_that_give_the_list(
    first: list[int], second: list[int], lots: list[bool]
) -> None:
    """A click on a place of which the lot alone decided says nothing."""
    k = 4
    mine = (lots + [False] * k)[:k]
    found = team_draft(np.array([first]), np.array([second]), np.array([mine]))
    teams = []
    for other in itertools.product([False, True], repeat=k):
        one = twins.team_draft(first, second, other)
        if [item for _, item in one] == found.items[0].tolist():
            teams.append([1 - 2 * team for team, _ in one])
    assert found.credit[0].tolist() == np.mean(teams, axis=0).tolist()


def test_many_lists_are_drafted_as_each_alone() -> None:
    """And each pick stood where `place` says in the list of its team."""
    rng = np.random.default_rng(6)
    first, second = (np.argsort(rng.random((200, 30)), axis=1)[:, :10] for _ in range(2))
    lots = rng.random((200, 10)) < 0.5
    found = team_draft(first, second, lots)
    for row in range(200):
        alone = team_draft(first[[row]], second[[row]], lots[[row]])
        assert np.array_equal(found.items[row], alone.items[0])
    rows = np.arange(200)[:, None]
    theirs = np.where(found.team == 0, first[rows, found.place], second[rows, found.place])
    assert np.array_equal(theirs, found.items)
    assert (found.team == 0).sum(1).tolist() == [5] * 200, "both have half of the places"


def test_equal_lists_come_out_as_they_are_and_the_teams_by_lot() -> None:
    """So two equal policies share every place alike."""
    lists = np.tile(np.arange(10), (4000, 1))
    found = team_draft(lists, lists, np.random.default_rng(2).random((4000, 10)) < 0.5)
    assert np.array_equal(found.items, lists)
    assert np.abs((found.team == 0).mean(axis=0) - 0.5).max() < 0.03
