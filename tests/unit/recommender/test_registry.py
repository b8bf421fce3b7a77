"""The rows of all policies: each names what ranks, and says of it what is true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.policies import Knowledge, RecommenderConfig, ranker_of, recommend
from recommender.rankers import Ranker
from recommender.registry import BY_EVIDENCE, POLICIES, POLICY_NAMES, RANKED, REFERENCES
from tests.unit.recommender.shop import knowledge, profiles

CONFIG = RecommenderConfig(neighbours=12)
ASKED = profiles(300, n_items=60, n_all=80, seed=7)

every_ranked = pytest.mark.parametrize("policy", RANKED)


@pytest.fixture(scope="module")
def known() -> dict[str, Knowledge]:
    """A shop with two days of evidence, by policy, since what is learned of tastes differs."""
    return {policy: knowledge(replace(CONFIG, policy=policy)) for policy in RANKED}


def slates(policy: str, known: Knowledge) -> Any:
    """What a policy answers."""
    return recommend(replace(CONFIG, policy=policy), known, ASKED, 1)


def test_every_name_has_a_row_and_is_ranked_or_a_reference() -> None:
    """By its own name, once; the two kinds share nothing."""
    assert [one.name for one in POLICIES.values()] == list(POLICY_NAMES)
    assert sorted((*RANKED, *REFERENCES)) == sorted(POLICY_NAMES)
    assert not set(RANKED) & set(REFERENCES)


@every_ranked
def test_a_row_names_a_ranker_that_exists(policy: str) -> None:
    """Imported from the module that the row says, it is the same object each time."""
    assert isinstance(ranker_of(policy), Ranker)
    assert ranker_of(policy) is ranker_of(policy)


@pytest.mark.parametrize("policy", REFERENCES)
def test_a_reference_is_answered_for_elsewhere(policy: str) -> None:
    """It has no ranker, and says how."""
    with pytest.raises(
        ValueError, match=f"'{policy}' has no scores of its own: give them to rank_scores"
    ):
        ranker_of(policy)


@every_ranked
def test_who_says_no_evidence_yet_goes_by_evidence(
    policy: str, known: dict[str, Knowledge]
) -> None:
    """Where others have been seen to click, a policy by evidence stores a rate; the others never
    do.
    """
    has_rate = ~np.isnan(slates(policy, known[policy])["behavioural"])
    assert has_rate.any() == (POLICIES[policy].unexplained is BY_EVIDENCE)


@every_ranked
def test_what_a_row_says_of_learning_holds(policy: str, known: dict[str, Knowledge]) -> None:
    """Two days of evidence change the slates of those that learn, and of no other."""
    before = slates(policy, knowledge(replace(CONFIG, policy=policy), days=0))["item"]
    after = slates(policy, known[policy])["item"]
    assert np.array_equal(before, after) == (POLICIES[policy].learns == "nothing")


@every_ranked
def test_only_who_learns_tastes_is_taught_them(policy: str) -> None:
    """The row decides, not the name."""
    config = replace(CONFIG, policy=policy)
    assert config.learns_taste == (POLICIES[policy].learns == "taste")


def test_words_are_there_for_every_policy_and_tell_them_apart() -> None:
    """A label for tables and a clause after "which", without a full stop."""
    for one in POLICIES.values():
        for said in (
            one.label,
            one.clause,
            *([one.unexplained] if one.unexplained is not None else []),
        ):
            assert said == said.strip() != ""
            assert said[-1] not in ".,;"
            assert said[0].islower()
    assert len({one.label for one in POLICIES.values()}) == len(POLICIES)
    assert len({one.clause for one in POLICIES.values()}) == len(POLICIES)
