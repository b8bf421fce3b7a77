"""The protocol of a log: what trains, what is asked, what was before."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.session_log import sessions
from recommender.session_log.sessions import NOBODY, SessionLog
from tests import log_twins as twins

EVENTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 5), st.booleans()),
    min_size=1,
    max_size=40,
)
"""Session, time, item, acted."""


def log_of(
    events: list[tuple[int, int, int, bool]], n_sessions: int = 5, n_items: int = 6
) -> SessionLog:
    """Events in the order of the file."""
    session, time, item, acted = (np.array(column) for column in zip(*events, strict=True))
    return SessionLog(
        session.astype(np.int64),
        time.astype(np.float64),
        item.astype(np.int32),
        acted.astype(np.bool_),
        np.full(n_sessions, NOBODY),
        n_items,
    )


@settings(deadline=None)
@given(EVENTS)
def test_cases_are_those_of_the_protocol_read_word_by_word(
    events: list[tuple[int, int, int, bool]],
) -> None:
    """The last act in file order is the truth, what was before it the profile, with two items or
    more.
    """
    found = sessions.cases(log_of(events), np.ones(5, np.bool_))
    profiles = np.split(found.items, found.first[1:-1]) if len(found) else []
    ours = {
        int(session): (profile.tolist(), int(latest), int(truth))
        for session, profile, latest, truth in zip(
            found.session, profiles, found.latest, found.truth, strict=True
        )
    }
    assert ours == twins.cases(events)


@settings(deadline=None)
@given(EVENTS)
def test_visits_hold_distinct_items_in_the_order_they_came(
    events: list[tuple[int, int, int, bool]],
) -> None:
    """Whole sessions, whatever their time."""
    found = sessions.visits(log_of(events), np.ones(5, np.bool_))
    ours = [part.tolist() for part in np.split(found.items, found.first[1:-1])]
    numbers = sorted({event[0] for event in events})
    assert ours == [
        list(dict.fromkeys(e[2] for e in events if e[0] == session)) for session in numbers
    ]
    for item in range(6):
        with_it = {e[0] for e in events if e[2] == item and e[3]}
        assert found.popularity()[item] == len(with_it)


def test_a_session_starts_with_its_earliest_time_wherever_it_stands_in_the_file() -> None:
    """The second line is earlier than the first; a session without events never starts."""
    log = log_of([(0, 9, 1, True), (0, 3, 2, True), (1, 5, 1, True)], n_sessions=3)
    assert log.starts().tolist() == [3.0, 5.0, np.inf]
    assert sessions.default_split(np.array([0.0, 10.0, np.inf])) == 9.0


def test_a_truth_may_stand_in_its_profile() -> None:
    """Click a, click b, click a again: a is asked for, and can never be shown."""
    found = sessions.cases(
        log_of([(0, 1, 4, True), (0, 2, 5, True), (0, 3, 4, True)]), np.ones(5, np.bool_)
    )
    assert (found.items.tolist(), found.truth.tolist(), found.latest.tolist()) == ([4, 5], [4], [5])
    assert found.truth_in_profile().tolist() == [True]


def test_a_search_belongs_to_the_profile_and_is_never_a_truth() -> None:
    """Search for 0, click 1, search for 2: the click is the truth, what came after it is left
    out.
    """
    found = sessions.cases(
        log_of([(0, 1, 0, False), (0, 2, 1, True), (0, 3, 2, False)]), np.ones(5, np.bool_)
    )
    assert (found.items.tolist(), found.truth.tolist()) == ([0], [1])
    visits = sessions.visits(log_of([(0, 1, 0, False), (0, 2, 1, True)]), np.ones(5, np.bool_))
    assert visits.popularity().tolist() == [0, 1, 0, 0, 0, 0]


@settings(deadline=None)
@given(EVENTS, st.lists(st.integers(0, 4), max_size=5, unique=True))
def test_some_cases_are_those_of_all(
    events: list[tuple[int, int, int, bool]], wanted: list[int]
) -> None:
    """Picked in any order, each keeps its profile."""
    found = sessions.cases(log_of(events), np.ones(5, np.bool_))
    places = np.array([place for place in wanted if place < len(found)], np.int64)
    part = found.only(places)
    for row, place in enumerate(places):
        ours = part.items[part.first[row] : part.first[row + 1]].tolist()
        assert ours == found.items[found.first[place] : found.first[place + 1]].tolist()
    assert part.truth.tolist() == found.truth[places].tolist()
