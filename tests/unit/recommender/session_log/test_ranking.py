"""A log from end to end: planted orders are found, history helps only where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.logs import arrays
from benchmarks.made.baskets import baskets, visits
from recommender.evaluation import metrics
from recommender.session_log import choice_model as choicemodel
from recommender.session_log import sessions
from recommender.session_log.ranking import Ranked, rank
from recommender.session_log.repeat import repeat_slates
from recommender.session_log.tuning import evidence

K = 5


def ranked(log: sessions.SessionLog) -> Ranked:
    """Everything on one log, split at the usual quantile."""
    starts = log.starts()
    is_training = starts < sessions.default_split(starts)
    return rank(log, is_training, np.zeros(log.n_items, np.bool_), k=K)


def hits(found: Ranked, slates: np.ndarray) -> float:
    """Hit rate."""
    return float(metrics.hit_rate(slates, found.asked.truth[:, None], k=K).mean())


def test_what_comes_next_is_learned_where_order_tells() -> None:
    """Planted successors, never back: cf beats every measure that does not know the order."""
    found = ranked(arrays(visits(1, sessions=1500, items=60, shoppers=0, onward=0.9)))
    cf = hits(found, found.slates["cf"])
    assert cf > hits(found, found.measures["cosine"]) + 0.1
    assert cf > hits(found, found.slates["popularity"])


def test_each_policy_reads_what_its_name_says() -> None:
    """Where households repeat, who reads their earlier sessions is ahead of who does not; where
    nobody returns there is no such policy.
    """
    loyal = ranked(arrays(baskets(3, rows=20_000, households=60, products=1500)))
    assert loyal.cf != loyal.cf_history == "learned with history"
    assert list(loyal.slates) == ["popularity", "repeat", "cf", "cf-history"]
    assert hits(loyal, loyal.slates["cf-history"]) > hits(loyal, loyal.slates["cf"])
    assert hits(loyal, loyal.slates["repeat"]) > hits(loyal, loyal.slates["popularity"])
    strangers = ranked(arrays(visits(2, sessions=800, items=50, shoppers=0)))
    assert strangers.cf_history is None
    assert list(strangers.slates) == ["popularity", "cf"]


@pytest.mark.thorough
def test_cf_does_not_know_who_she_is() -> None:
    """With the shoppers of the asked sessions exchanged its slates stay; those of repeat and
    cf-history do not.
    """
    log = arrays(baskets(3, rows=20_000, households=60, products=1500))
    starts = log.starts()
    asked = starts >= sessions.default_split(starts)
    other = log.shopper.copy()
    other[asked] = np.roll(log.shopper[asked], 1)
    ours, theirs = ranked(log), ranked(replace(log, shopper=other))
    for name in ("popularity", "cf"):
        assert np.array_equal(ours.slates[name], theirs.slates[name])
    for name in ("repeat", "cf-history"):
        assert not np.array_equal(ours.slates[name], theirs.slates[name])


def test_repeat_shows_what_she_had_most_often_and_latest_first() -> None:
    """By hand: item 3 twice, item 1 later than item 0; then what is popular, never the profile."""
    log = sessions.SessionLog(
        session=np.array([0, 0, 1, 1, 2, 2, 3, 3]),
        time=np.array([1.0, 1, 2, 2, 3, 3, 9, 9]),
        item=np.array([0, 3, 1, 3, 2, 4, 5, 4], np.int32),
        acted=np.ones(8, np.bool_),
        shopper=np.array([7, 7, 8, 7]),
        n_items=6,
    )
    is_training = np.array([True, True, True, False])
    known = evidence(sessions.visits(log, is_training), np.zeros(6, np.bool_))
    asked = sessions.cases(log, ~is_training)
    assert asked.items.tolist() == [5]
    assert repeat_slates(known, asked, k=5).tolist() == [[3, 1, 0, 2, 4]]
    nobody = replace(asked, shopper=np.array([sessions.NOBODY]))
    assert repeat_slates(known, nobody, k=5).tolist() == [known.order.items[:5].tolist()]


def test_slates_hold_distinct_items_that_are_not_in_the_profile() -> None:
    """Of every policy and measure; and the same twice."""
    log = arrays(visits(4, sessions=400, items=30, shoppers=50))
    found = ranked(log)
    again = ranked(log)
    for name, slates in {**found.slates, **found.measures}.items():
        assert np.array_equal(slates, {**again.slates, **again.measures}[name])
        for case, slate in enumerate(slates):
            shown = slate[slate >= 0]
            profile = found.asked.items[found.asked.first[case] : found.asked.first[case + 1]]
            assert len(set(shown.tolist())) == len(shown)
            assert not set(shown.tolist()) & set(profile.tolist())


def test_a_log_without_a_case_to_tune_on_is_ranked_all_the_same() -> None:
    """Three training sessions of one item each."""
    log = sessions.SessionLog(
        session=np.array([0, 1, 2, 3, 3]),
        time=np.array([1.0, 2, 3, 9, 10]),
        item=np.array([0, 1, 1, 2, 1], np.int32),
        acted=np.ones(5, np.bool_),
        shopper=np.full(4, sessions.NOBODY),
        n_items=3,
    )
    found = ranked(log)
    assert found.slates["popularity"].tolist() == [[1, 0, -1, -1, -1]]
    assert found.slates["cf"].tolist() == [[1, 0, -1, -1, -1]]


def test_the_choice_model_finds_the_weights_that_made_the_choices() -> None:
    """Choices drawn with weights 1.5 and -0.7, of different signs and scales."""
    rng = np.random.default_rng(5)
    features = rng.normal(size=(2000, 8, 2)) * [1.0, 10.0]
    utility = features @ [1.5, -0.07] + rng.gumbel(size=(2000, 8))
    taken = utility == utility.max(axis=1, keepdims=True)
    case = np.repeat(np.arange(2000), 8)
    model = choicemodel.fit(case, features.reshape(-1, 2), taken.ravel())
    assert model.weight / model.spread == pytest.approx([1.5, -0.07], rel=0.12)
    assert choicemodel.fit(
        case, features.reshape(-1, 2), np.zeros(16000, np.bool_)
    ).weight.tolist() == [0, 0]
