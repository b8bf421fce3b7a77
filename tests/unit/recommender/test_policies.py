"""The contract every policy keeps, and what sets each apart."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender import policies
from recommender.policies import (
    Knowledge,
    RecommenderConfig,
    fold,
    rank_scores,
    recommend,
)
from recommender.ranking import SLATE
from recommender.registry import POLICY_NAMES, RANKED, REFERENCES
from recommender.scoring.cointeraction import Counts, Popularity
from tests.unit.recommender.shop import embeddings, joined, knowledge, profiles

N_ITEMS = 60
N_QUERIES = 20
REQUESTS = 520
CONFIG = RecommenderConfig(neighbours=12)
ASKED = profiles(REQUESTS, n_items=N_ITEMS, n_all=N_ITEMS + N_QUERIES, seed=7)
JUDGED = np.random.default_rng(0).random((REQUESTS, N_ITEMS))


@pytest.fixture(scope="module")
def known() -> Knowledge:
    """A shop with two days of evidence."""
    return knowledge(CONFIG)


def answer(
    policy: str, known: Knowledge, asked: Any = ASKED, seed: int = 1, rows: Any = slice(None)
) -> Any:
    """Slates of a policy, the oracle's by its own door."""
    config = replace(CONFIG, policy=policy)
    if policy in REFERENCES:
        return rank_scores(config, asked[rows], JUDGED[rows], known.is_candidate, seed)
    return recommend(config, known, asked[rows], seed)


every_policy = pytest.mark.parametrize("policy", POLICY_NAMES)


@every_policy
def test_a_slate_holds_k_distinct_catalogue_items_that_may_be_shown(
    policy: str, known: Knowledge
) -> None:
    """Never the query, never a query item, never what the session was shown, never twice."""
    slates = answer(policy, known)
    assert slates.shape == (REQUESTS, 10)
    assert slates.dtype == SLATE
    for row, items in enumerate(slates["item"].tolist()):
        forbidden = {int(ASKED.query[row]), *ASKED.shown[row].tolist()}
        assert len(set(items)) == 10
        assert not set(items) & forbidden
        assert all(0 <= item < N_ITEMS for item in items)


@every_policy
def test_scores_are_finite_and_fall(policy: str, known: Knowledge) -> None:
    """The best first, nothing undefined."""
    scores = answer(policy, known)["score"]
    assert np.isfinite(scores).all()
    assert (np.diff(scores, axis=1) <= 0).all()


@every_policy
@pytest.mark.parametrize("batch", [1, 7, 512])
def test_a_row_has_the_same_bytes_in_any_batch(
    policy: str, batch: int, known: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the batch, nor the memory block, nor what the cache already holds shows in a
    slate.
    """
    whole = answer(policy, known)
    fresh = replace(
        known, neighbours=Knowledge.start(CONFIG, known.embeddings, known.is_candidate).neighbours
    )
    monkeypatch.setattr(policies, "CELLS", 1000)
    parts = [answer(policy, fresh, rows=slice(a, a + batch)) for a in range(0, REQUESTS, batch)]
    assert joined(parts).tobytes() == whole.tobytes()


@every_policy
def test_the_order_of_requests_does_not_matter(policy: str, known: Knowledge) -> None:
    """A permutation of the requests is the same permutation of the slates."""
    order = np.random.default_rng(2).permutation(REQUESTS)
    assert answer(policy, known, rows=order).tobytes() == answer(policy, known)[order].tobytes()


@pytest.mark.parametrize("policy", ["visual", "blend", "oracle"])
def test_the_seed_decides_ties_only(policy: str, known: Knowledge) -> None:
    """Where scores differ in the sixth decimal another seed gives the same list of scores."""
    one = answer(policy, known, seed=1)
    other = answer(policy, known, seed=2)
    assert one["score"].tobytes() == other["score"].tobytes()


@pytest.mark.parametrize("policy", ["random", "cf", "popularity"])
def test_without_evidence_the_seed_decides_and_explores(policy: str) -> None:
    """Everything ties: slates differ by seed and request, and together show the whole catalogue."""
    fresh = knowledge(CONFIG, days=0)
    one = answer(policy, fresh, seed=1)["item"]
    other = answer(policy, fresh, seed=2)["item"]
    assert (one != other).any(axis=1).mean() > 0.99
    assert len(np.unique(one)) == N_ITEMS
    assert one.tobytes() == answer("random", fresh, seed=1)["item"].tobytes()


def test_without_evidence_the_blend_is_visual_to_the_byte() -> None:
    """Cold is the normal case: items, scores and parts are those of visual."""
    fresh = knowledge(CONFIG, days=0)
    assert answer("blend", fresh).tobytes() == answer("visual", fresh).tobytes()


def test_visual_does_not_read_the_counts(known: Knowledge) -> None:
    """The same calibration without counts gives the same slates."""
    n = len(known.embeddings)
    blind = known.at(counts=Counts.empty(n), popularity=Popularity.empty(n), learned=known.learned)
    assert answer("visual", known).tobytes() == answer("visual", blind).tobytes()
    assert answer("blend", blind).tobytes() == answer("visual", known).tobytes()


def test_cf_does_not_read_the_pictures(known: Knowledge) -> None:
    """Other embeddings give the same slates."""
    other = replace(known, embeddings=embeddings(len(known.embeddings), seed=99))
    assert answer("cf", known).tobytes() == answer("cf", other).tobytes()


def test_behaviour_brings_in_an_item_that_no_picture_would() -> None:
    """Planted: the item farthest from query 65 is always clicked beside it; blend and cf put it
    first.
    """
    fresh = knowledge(CONFIG, days=0)
    n = len(fresh.embeddings)
    query = 65
    far = int(np.argmin(fresh.embeddings[:N_ITEMS] @ fresh.embeddings[query]))
    counts = Counts(n, np.array([query * n + far]), np.array([200 * 1024]), np.array([150]))
    taught = fresh.at(counts=counts, popularity=fresh.popularity, learned=fresh.learned)
    asked = replace(
        ASKED[:1],
        query=np.array([query], np.int32),
        items=np.array([[query, *[-1] * 7]], np.int32),
        weights=np.array([[1.0, *[0.0] * 7]]),
        shown=np.zeros((1, 0), np.int32),
    )
    assert far not in answer("visual", taught, asked)["item"]
    for policy in ("blend", "cf", "blend-fixed"):
        first = answer(policy, taught, asked)[0, 0]
        assert first["item"] == far
        assert first["behavioural"] == pytest.approx(0.75)
        assert first["support"] == 200


def test_popularity_puts_the_most_clicked_first() -> None:
    """One click of one showing does not beat fifty of a hundred; refused is below never shown."""
    fresh = knowledge(CONFIG, days=0)
    totals = Popularity.empty(len(fresh.embeddings))
    for item, shown, acted in ((3, 100, 50), (4, 1, 1), (5, 100, 0)):
        totals.shown[item] = shown * 1024
        totals.acted[item] = acted
    known = fresh.at(counts=fresh.counts, popularity=totals, learned=fresh.learned)
    asked = replace(ASKED[:20], shown=np.zeros((20, 0), np.int32), query=np.full(20, 70, np.int32))
    items = answer("popularity", known, asked)["item"]
    assert (items[:, 0] == 3).all()
    assert (items[:, 1] == 4).all()
    assert not (items == 5).any()


def test_logging_answers_half_the_requests_as_visual_and_half_as_random(known: Knowledge) -> None:
    """A coin addressed by session and step; on a slate there is never a mixture."""
    logged, looks, lot = (
        answer(policy, known)["item"] for policy in ("logging", "visual", "random")
    )

    def same(seed: int) -> Any:
        """Where another seed answers as visual does."""
        others = (answer(policy, known, seed=seed)["item"] for policy in ("logging", "visual"))
        return np.equal(*others).all(axis=1)

    is_looks, is_lot = ((logged == other).all(axis=1) for other in (looks, lot))
    assert (is_looks | is_lot).all()
    assert 0.4 < is_looks.mean() < 0.6
    assert np.array_equal(is_looks, same(2))


def test_oracle_ranks_by_the_scores_given(known: Knowledge) -> None:
    """The first item of each slate is the best that may be shown."""
    slates = answer("oracle", known)
    for row in range(50):
        allowed = JUDGED[row].copy()
        allowed[
            [item for item in (*ASKED.shown[row], ASKED.query[row]) if 0 <= item < N_ITEMS]
        ] = -1
        assert slates["item"][row].tolist() == np.argsort(-allowed, kind="stable")[:10].tolist()


def test_shown_items_may_come_again_if_the_option_says_so(known: Knowledge) -> None:
    """Without the exclusion some slate repeats an item."""
    asked = replace(ASKED, shown=answer("visual", known)["item"].copy())
    config = replace(CONFIG, policy="visual", exclude_shown=False)
    again = recommend(config, known, asked, 1)["item"]
    assert (again[:, :, None] == asked.shown[:, None, :]).any()
    assert not (again == asked.query[:, None]).any()


def test_a_catalogue_smaller_than_a_slate_is_shown_whole_and_padded() -> None:
    """Four items, one of them the query: three on the slate, the rest padding without scores."""
    small = Knowledge.start(CONFIG, embeddings(6), np.arange(6) < 4)
    asked = profiles(4, n_items=4, n_all=4)
    asked = replace(asked, shown=np.zeros((4, 0), np.int32))
    for policy in RANKED:
        slates = recommend(replace(CONFIG, policy=policy), small, asked, 1)
        assert ((slates["item"] >= 0).sum(axis=1) == 3).all()
        assert np.isnan(slates["score"][slates["item"] < 0]).all()


def test_no_requests_give_no_slates(known: Knowledge) -> None:
    """An empty batch is answered with an empty array."""
    for policy in POLICY_NAMES:
        assert answer(policy, known, rows=slice(0, 0)).shape == (0, 10)


def test_a_fold_in_pieces_adds_up_to_the_fold(known: Knowledge) -> None:
    """Counts and popularity of two halves sum to those of the whole."""
    shown = answer("blend", known)["item"].copy()
    acted = np.random.default_rng(4).random(shown.shape) < 0.1
    whole = fold(CONFIG, known, ASKED, shown, acted)
    halves = [
        fold(CONFIG, known, ASKED[part], shown[part], acted[part])
        for part in (slice(200), slice(200, None))
    ]
    assert halves[1][0].plus(halves[0][0]).digest() == whole[0].digest()
    assert halves[1][1].plus(halves[0][1]).pack() == whole[1].pack()


def test_an_unknown_policy_is_refused_by_name() -> None:
    """The message names those that exist; oracle has no scores of ours."""
    with pytest.raises(
        ValueError, match=r"unknown policy 'best': choose from random, popularity, .*blend"
    ):
        RecommenderConfig(policy="best")
    with pytest.raises(ValueError, match="rank_scores"):
        recommend(replace(CONFIG, policy="oracle"), knowledge(CONFIG, days=0), ASKED, 1)


def test_a_config_reads_back_and_refuses_what_it_does_not_know() -> None:
    """JSON holds every setting; a misspelt one is an error, a missing one has its default."""
    odd = replace(CONFIG, policy="cf", learning=replace(CONFIG.learning, kappa_grid=(32.0, 64.0)))
    assert RecommenderConfig.from_json(odd.to_json()) == odd
    assert RecommenderConfig.from_json("{}") == RecommenderConfig()
    with pytest.raises(ValueError, match="no setting neighbors"):
        RecommenderConfig.from_json(json.dumps({"neighbors": 3}))
    with pytest.raises(ValueError, match="no setting half_life"):
        RecommenderConfig.from_json(json.dumps({"profile": {"half_life": 3}}))


@pytest.mark.parametrize(
    ("policy", "change"),
    [
        ("blend", {"policy": "visual"}),
        ("visual", {"slate_size": 4}),
        ("visual", {"neighbours": 3}),
        ("visual", {"exclude_shown": False}),
        ("blend-fixed", {"fixed_weight": 0.1}),
    ],
    ids=str,
)
def test_every_setting_matters(policy: str, change: dict[str, Any]) -> None:
    """A setting that is changed changes the slates."""
    config = replace(CONFIG, policy=policy)
    other = replace(config, **change)
    usual = recommend(config, knowledge(CONFIG), ASKED, 1)
    assert recommend(other, knowledge(other), ASKED, 1).tobytes() != usual.tobytes()


def test_embeddings_must_be_rounded_and_fit_the_catalogue() -> None:
    """Unrounded vectors or a mask of another length never become knowledge."""
    with pytest.raises(ValueError, match="multiples"):
        Knowledge.start(CONFIG, embeddings(5) + np.float32(1e-5), np.ones(5, np.bool_))
    with pytest.raises(ValueError, match="5 embeddings"):
        Knowledge.start(CONFIG, embeddings(5), np.ones(4, np.bool_))


@pytest.mark.parametrize(
    "change", [{"slate_size": 0}, {"neighbours": 0}, {"fixed_weight": 2.0}], ids=str
)
def test_settings_that_mean_nothing_are_refused(change: dict[str, Any]) -> None:
    """Each is a ValueError when it is made."""
    with pytest.raises(ValueError, match="at least 1"):
        replace(CONFIG, **change)
