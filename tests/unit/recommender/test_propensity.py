"""What `random` and `logging` say of their draws is what many draws show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.policies import Knowledge, RecommenderConfig, recommend
from recommender.profile import Profiles
from recommender.propensity import LOTTERIES, propensities
from recommender.registry import RANKED
from tests.unit.recommender.shop import knowledge, profiles

N_ITEMS = 40
SESSIONS = 20_000
CONFIG = RecommenderConfig(neighbours=12, slate_size=5)


@pytest.fixture(scope="module")
def known() -> Knowledge:
    """A shop with two days of evidence."""
    return knowledge(CONFIG, n_items=N_ITEMS)


def one_request(n_sessions: int, **changes: Any) -> Profiles:
    """The same request, which has seen ten items, from so many sessions."""
    one = profiles(2, n_items=N_ITEMS, n_all=N_ITEMS + 20, seed=3)[1:]
    repeated = one[np.zeros(n_sessions, np.int64)]
    return replace(repeated, session=np.arange(n_sessions), **changes)


def said_and_seen(policy: str, known: Knowledge) -> tuple[Any, Any]:
    """By (place, item): the propensity said of it, NaN where it was not shown, and its frequency
    over many sessions.
    """
    config = replace(CONFIG, policy=policy)
    asked = one_request(SESSIONS)
    items = recommend(config, known, asked, seed=1)["item"]
    chances = propensities(config, known, asked, items)
    said = np.full((5, N_ITEMS), np.nan)
    seen = np.zeros((5, N_ITEMS))
    for place in range(5):
        said[place, items[:, place]] = chances[:, place]
        np.testing.assert_array_equal(said[place, items[:, place]], chances[:, place])
        seen[place] = np.bincount(items[:, place], minlength=N_ITEMS) / SESSIONS
    return said, seen


@pytest.mark.parametrize("policy", LOTTERIES)
def test_what_is_said_is_how_often_it_comes(policy: str, known: Knowledge) -> None:
    """By place and item, within five standard errors; the probabilities of a place add up to 1."""
    said, seen = said_and_seen(policy, known)
    assert ((seen > 0) == np.isfinite(said)).all()
    np.testing.assert_allclose(np.nansum(said, axis=1), 1.0)
    expected = np.nan_to_num(said)
    assert (np.abs(seen - expected) <= 5 * np.sqrt(expected / SESSIONS)).all()


def test_logging_says_more_of_what_visual_would_show(known: Knowledge) -> None:
    """Half, and its share of the lot; the lot alone for all others."""
    said, _ = said_and_seen("logging", known)
    visual = recommend(replace(CONFIG, policy="visual"), known, one_request(1), seed=1)["item"][0]
    n_allowed = np.isfinite(said_and_seen("random", known)[0][0]).sum()
    assert N_ITEMS - n_allowed in {10, 11}
    for place in range(5):
        assert said[place, visual[place]] == pytest.approx(0.5 + 0.5 / n_allowed)
        others = np.delete(said[place], visual[place])
        np.testing.assert_allclose(others[np.isfinite(others)], 0.5 / n_allowed)


def test_items_that_tie_share_their_places(known: Knowledge) -> None:
    """Twins in the pictures come first equally often."""
    vectors = known.embeddings.copy()
    vectors[:N_ITEMS] = vectors[0]
    twins = Knowledge.start(CONFIG, vectors, np.arange(len(vectors)) < N_ITEMS)
    said, seen = said_and_seen("logging", twins)
    expected = np.nan_to_num(said)
    assert (np.abs(seen - expected) <= 5 * np.sqrt(expected / SESSIONS)).all()
    assert np.nanmax(said) < 0.5


def test_padding_and_short_lists_are_missing_not_zero() -> None:
    """A list of looks that lot would fill up has no number; nor has a place without an item."""
    config = replace(CONFIG, policy="logging", neighbours=2, slate_size=5)
    short = knowledge(config, n_items=N_ITEMS)
    asked = one_request(4, items=np.full((4, 8), -1, np.int32))
    asked.items[:, 0] = asked.query
    items = recommend(config, short, asked, seed=1)["item"].copy()
    assert np.isnan(propensities(config, short, asked, items)).all()
    lot = replace(config, policy="random")
    items[:, 4] = -1
    chances = propensities(lot, short, asked, items)
    assert np.isnan(chances[:, 4]).all()
    assert (chances[:, :4] > 0).all()


def test_a_policy_that_draws_nothing_says_so(known: Knowledge) -> None:
    """By name."""
    for policy in set(RANKED) - set(LOTTERIES):
        with pytest.raises(ValueError, match="draws nothing by lot"):
            propensities(
                replace(CONFIG, policy=policy), known, one_request(1), np.zeros((1, 5), np.int32)
            )
