"""What enters a profile, how loudly, and that a row depends on its own session only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.profile import REQUEST, ProfileConfig, Profiles, build_profiles
from tests import twins

CODES = {"search": 1, "view": 2, "impression": 3, "click": 4, "cart": 5, "purchase": 6, "leave": 7}
EVENT = np.dtype(
    [(name, "<i8") for name in ("session", "ordinal", "step", "query", "item")] + [("kind", "<i1")]
)
CONFIG = ProfileConfig(
    kind_weights={"search": 0.5, "view": 0.25, "click": 0.8, "cart": 1.0, "purchase": 2.0},
    decay=0.5,
    search_damping=0.1,
)


def story(session: int, *told: tuple[int, str, int]) -> list[dict[str, int]]:
    """Events of a session from (step, kind, item or query)."""
    return [
        {
            "session": session,
            "ordinal": ordinal,
            "step": step,
            "kind": CODES[kind],
            "query": number if kind in {"search", "view"} else -1,
            "item": -1 if kind in {"search", "view"} else number,
        }
        for ordinal, (step, kind, number) in enumerate(told)
    ]


def table(events: list[dict[str, int]]) -> Any:
    """Events as a structured array."""
    rows = np.zeros(len(events), EVENT)
    for name in EVENT.names or ():
        rows[name] = [event[name] for event in events]
    return rows


def built(
    requests: list[tuple[int, int, int]],
    events: list[dict[str, int]],
    shown: np.ndarray | None = None,
    config: ProfileConfig = CONFIG,
) -> Profiles:
    """Profiles of (session, step, query) requests."""
    lists = np.zeros((0, 2), np.int32) if shown is None else shown
    return build_profiles(
        np.array(requests, REQUEST), table(events), lists, codes=CODES, config=config
    )


def weights_of(profiles: Profiles, row: int) -> dict[int, float]:
    """Item to weight relative to the query's."""
    items = profiles.items[row]
    weights = profiles.weights[row]
    return {int(i): float(w / weights[0]) for i, w in zip(items, weights, strict=True) if i >= 0}


def test_the_query_comes_first_with_the_greatest_weight() -> None:
    """A first request is its query alone, with weight 1."""
    profiles = built([(5, 0, 77)], story(5, (0, "search", 77)))
    assert profiles.items[0].tolist() == [77] + [-1] * 7
    assert profiles.weights[0].tolist() == [1.0] + [0.0] * 7


def test_earlier_events_follow_by_recency_with_kind_and_age() -> None:
    """A click one step back weighs its kind times the decay, the query before it likewise."""
    events = story(5, (0, "search", 70), (0, "click", 3), (0, "purchase", 4), (1, "view", 3))
    profiles = built([(5, 1, 3)], events)
    assert profiles.items[0, :3].tolist() == [3, 4, 70]
    assert weights_of(profiles, 0) == pytest.approx({3: 1.0, 4: 1.0, 70: 0.25})


def test_a_new_search_damps_what_came_before_it() -> None:
    """The same click counts a tenth after a new search, and a hundredth after two."""
    events = story(5, (0, "search", 70), (0, "click", 3), (1, "search", 71), (2, "search", 72))
    profiles = built([(5, 1, 71), (5, 2, 72)], events)
    assert weights_of(profiles, 0)[3] == pytest.approx(0.8 * 0.5 * 0.1)
    assert weights_of(profiles, 1)[3] == pytest.approx(0.8 * 0.25 * 0.01)


def test_what_follows_the_request_is_not_known_to_it() -> None:
    """Clicks on the slate of the step itself, and later steps, leave the profile as it was."""
    events = story(5, (0, "search", 70), (0, "click", 3), (1, "view", 3))
    before = built([(5, 0, 70)], events[:1])
    after = built([(5, 0, 70)], events)
    assert before.items.tobytes() == after.items.tobytes()
    assert before.weights.tobytes() == after.weights.tobytes()


def test_shown_items_are_those_of_earlier_steps_of_the_session() -> None:
    """Impressions of this step, of later ones and of other sessions do not count; padding stays
    padding.
    """
    events = [
        *story(9, (0, "search", 1), (0, "impression", -1)),
        *story(
            5, (0, "search", 70), (0, "impression", -1), (1, "search", 70), (1, "impression", -1)
        ),
    ]
    shown = np.array([[8, 9], [1, 2], [3, -1]], np.int32)
    profiles = built([(5, 2, 70), (5, 1, 70), (5, 0, 70)], events, shown)
    assert [sorted(set(row.tolist()) - {-1}) for row in profiles.shown] == [[1, 2, 3], [1, 2], []]


def test_impressions_without_lists_are_refused() -> None:
    """Each impression among the events needs its list of items."""
    with pytest.raises(ValueError, match="1 impressions"):
        built([(5, 1, 7)], story(5, (0, "impression", -1)))


def test_a_profile_is_cut_to_its_length() -> None:
    """The most recent stay, and the weights sum to 1 again."""
    events = story(5, (0, "search", 70), *[(0, "click", item) for item in range(6)])
    profiles = built([(5, 1, 70)], events, config=replace(CONFIG, length=3))
    assert profiles.items.tolist() == [[70, 5, 4]]
    assert profiles.weights.sum() == pytest.approx(1.0)


TOLD = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["search", "view", "click", "cart", "purchase"]),
        st.integers(0, 6),
    ),
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(told=st.lists(TOLD, min_size=1, max_size=4), data=st.data())
def test_profiles_equal_their_twin_in_any_batch_and_order(
    told: list[Any], data: st.DataObject
) -> None:
    """Items, order and weights are the twin's, whoever else is in the batch, however events are
    ordered.
    """
    events = [
        e
        for number, steps in enumerate(told)
        for e in story(number, *sorted(steps, key=lambda t: t[0]))
    ]
    requests = [(s, t, 7 + t) for s in range(len(told)) for t in range(4)]
    profiles = built(requests, data.draw(st.permutations(events)))
    for row, (session, step, query) in enumerate(requests):
        twin = twins.profile(session, step, query, events=events, codes=CODES, config=CONFIG)
        assert [i for i in profiles.items[row].tolist() if i >= 0] == list(twin)
        assert profiles.weights[row, : len(twin)].tolist() == pytest.approx(
            list(twin.values()), abs=1e-12
        )
        alone = built([(session, step, query)], [e for e in events if e["session"] == session])
        assert alone.items[0].tobytes() == profiles.items[row].tobytes()
        assert alone.weights[0].tobytes() == profiles.weights[row].tobytes()


@pytest.mark.parametrize(
    "change",
    [
        {"length": 2},
        {"decay": 0.9},
        {"search_damping": 0.5},
        *({"kind_weights": {**CONFIG.kind_weights, kind: 0.33}} for kind in CONFIG.kind_weights),
    ],
    ids=str,
)
def test_every_setting_matters(change: dict[str, Any]) -> None:
    """A setting that is changed changes the weights."""
    told = [
        (0, "search", 1),
        (0, "click", 2),
        (0, "cart", 3),
        (0, "purchase", 4),
        (1, "view", 5),
        (2, "search", 6),
    ]
    usual = built([(5, 2, 6)], story(5, *told))
    changed = built([(5, 2, 6)], story(5, *told), config=replace(CONFIG, **change))
    assert usual.weights.tobytes() != changed.weights.tobytes()


@pytest.mark.parametrize(
    "change",
    [{"length": 0}, {"decay": 1.5}, {"search_damping": -0.1}, {"kind_weights": {"click": 1.0}}],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(change: dict[str, Any]) -> None:
    """A profile without places, a growing memory or an unknown set of kinds is a ValueError."""
    with pytest.raises(ValueError, match=r"profile|search_damping|kind_weights"):
        replace(CONFIG, **change)
