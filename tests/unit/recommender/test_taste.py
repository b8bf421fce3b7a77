"""Tastes: history, what is learned from it, and the blend's score once something was learned."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.history import History
from recommender.policies import Knowledge, RecommenderConfig, fold, recommend, remember
from recommender.profile import Profiles
from recommender.taste import GRAIN, Taste, TasteConfig, features_of
from tests.unit.recommender.shop import embeddings

N_ITEMS, N_QUERIES, N_SHOPPERS = 60, 20, 40
CONFIG = RecommenderConfig()


def asking(n: int, *, day: int, shown: NDArray[np.int32] | None = None) -> Profiles:
    """Requests of known shoppers with a query item each; half of them saw a slate already."""
    draws = np.random.default_rng(day)
    query = draws.integers(N_ITEMS, N_ITEMS + N_QUERIES, n).astype(np.int32)
    if shown is None:
        shown = np.array([draws.permutation(N_ITEMS)[:10] for _ in range(n)], dtype=np.int32)
        shown[::2] = -1
    return Profiles(
        session=np.arange(n, dtype=np.int64) + 1000 * day,
        step=np.ones(n, dtype=np.int16),
        query=query,
        items=query[:, None].copy(),
        weights=np.ones((n, 1)),
        shown=shown,
        shopper=draws.integers(0, N_SHOPPERS, n).astype(np.int64),
        asked=np.where((shown >= 0).any(axis=1), query, -1)[:, None].astype(np.int32),
        acted=(draws.random(shown.shape) < 0.3) & (shown >= 0),
    )


def clicks(asked: Profiles, shown: NDArray[np.int32], *, day: int) -> NDArray[np.bool_]:
    """Shoppers with even numbers like even items, the others odd ones; no picture shows it."""
    assert asked.shopper is not None
    likes = (shown % 2) == (asked.shopper % 2)[:, None]
    chance = np.where(likes, 0.35, 0.03)
    return np.asarray(np.random.default_rng(1000 + day).random(shown.shape) < chance)


def taught(config: RecommenderConfig = CONFIG, *, days: int = 4, n: int = 400) -> Knowledge:
    """A shop after some days of random slates."""
    n_all = N_ITEMS + N_QUERIES
    known = Knowledge.start(config, embeddings(n_all), np.arange(n_all) < N_ITEMS)
    for day in range(days):
        draws = np.random.default_rng(500 + day)
        asked = asking(n, day=day)
        shown = np.array([draws.permutation(N_ITEMS)[:10] for _ in range(n)], dtype=np.int32)
        acted = clicks(asked, shown, day=day)
        counts, popularity, learned = fold(config, known, asked, shown, acted)
        new, taste = remember(config, known, asked, shown, acted)
        known = known.at(
            counts=known.counts.plus(counts),
            popularity=known.popularity.plus(popularity),
            learned=learned,
            history=known.history.plus(new, most=config.taste.slates),
            taste=taste,
        )
    return known


@pytest.fixture(scope="module")
def known() -> Knowledge:
    """The shop after four days."""
    return taught()


def test_what_shoppers_like_is_learned_though_no_picture_shows_it(known: Knowledge) -> None:
    """Planted: a shopper of the even kind gets more even items, her session untold; a stranger gets both."""
    nothing = np.full((N_SHOPPERS, 10), -1, dtype=np.int32)
    asked = replace(asking(N_SHOPPERS, day=9, shown=nothing), shopper=np.arange(N_SHOPPERS, dtype=np.int64))
    slates = recommend(CONFIG, known, asked, 1)["item"]
    even = (slates % 2 == 0).mean(axis=1)
    assert even[::2].mean() > even[1::2].mean() + 0.3
    strangers = replace(asked, shopper=asked.shopper + 10_000)  # type: ignore[operator]
    of_strangers = (recommend(CONFIG, known, strangers, 1)["item"] % 2 == 0).mean(axis=1)
    assert abs(of_strangers[::2].mean() - of_strangers[1::2].mean()) < 0.2


def test_what_she_clicked_in_this_session_counts_at_once(known: Knowledge) -> None:
    """A stranger who clicked the even items of a slate gets more of them than one who clicked the odd."""
    shown = np.tile(np.arange(10, 20, dtype=np.int32), (50, 1))
    asked = replace(asking(50, day=11, shown=shown), shopper=np.full(50, 10_000, dtype=np.int64))
    share = [
        (recommend(CONFIG, known, replace(asked, acted=shown % 2 == parity), 1)["item"] % 2 == 0).mean()
        for parity in (0, 1)
    ]
    assert share[0] > share[1] + 0.1


def test_a_request_has_the_same_bytes_in_any_batch(known: Knowledge) -> None:
    """One by one, in odd pieces and all at once: items, scores and reasons."""
    asked = asking(97, day=7)
    whole = recommend(CONFIG, known, asked, 3)
    for step in (1, 13, 64):
        parts = [recommend(CONFIG, known, asked[at : at + step], 3) for at in range(0, 97, step)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_the_order_of_the_slates_does_not_matter_within_a_generation() -> None:
    """Folded in another order, a generation teaches the same to the byte."""
    known, asked = taught(days=1), asking(300, day=5)
    shown = np.array([np.random.default_rng(5).permutation(N_ITEMS)[:10] for _ in range(300)], np.int32)
    acted = clicks(asked, shown, day=5)
    order = np.random.default_rng(6).permutation(300)
    one, other = (
        remember(CONFIG, known, asked[rows], shown[rows], acted[rows]) for rows in (slice(None), order)
    )
    assert one[0].pack() == other[0].pack()
    assert one[1] is not None
    assert other[1] is not None
    assert one[1].pack() == other[1].pack()


def test_taste_reads_back_to_the_bit(known: Knowledge) -> None:
    """What is stored is what was learned: all arrays agree, those that follow from the metric included."""
    assert known.taste is not None
    again = Taste.unpack(known.taste.pack(), known.features, likeness=CONFIG.taste.likeness)
    for field in fields(Taste):
        assert np.array_equal(getattr(again, field.name), getattr(known.taste, field.name)), field.name


def test_history_reads_back_and_forgets_the_oldest() -> None:
    """Packed and unpacked; of more than `most` slates the last are kept; a torn packet is refused."""
    draws = np.random.default_rng(2)
    some = History(
        draws.integers(0, 9, 7),
        draws.integers(0, 9, 7).astype(np.int32),
        draws.integers(-1, 9, (7, 4)).astype(np.int32),
        draws.random((7, 4)) < 0.5,
    )
    again = History.unpack(some.pack(), 4)
    for field in fields(History):
        assert np.array_equal(getattr(again, field.name), getattr(some, field.name))
    assert some.plus(some, most=9).query.tolist() == [*some.query[-2:], *some.query]
    with pytest.raises(ValueError, match="multiple of 32"):
        History.unpack(some.pack()[:-1], 4)
    with pytest.raises(ValueError, match="do not fit"):
        replace(some, query=some.query[1:])


def test_features_are_exact_and_as_many_as_the_catalogue_can_tell_apart() -> None:
    """Multiples of 1/GRAIN; three items span two axes at most."""
    vectors, is_candidate = embeddings(30), np.arange(30) < 25
    features = features_of(vectors, is_candidate)
    assert np.array_equal(features * GRAIN, np.rint(features * GRAIN))
    assert features_of(vectors[:4], np.arange(4) < 3).shape[1] == 2


CHANGES: list[dict[str, Any]] = [
    {"dims": 4}, {"slates": 500}, {"own": 2.0}, {"quality": 3.0}, {"wants": 40.0}, {"likeness": 0.1},
    {"metric": 2.0}, {"start": 0.4}, {"shrinkage": 1.0}, {"newton": 1}, {"sweeps": 1},
]  # fmt: skip


def test_every_setting_has_a_change_here() -> None:
    """A new setting needs its own line above."""
    assert {name for change in CHANGES for name in change} == {field.name for field in fields(TasteConfig)}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_setting_matters(known: Knowledge, change: dict[str, Any]) -> None:
    """Changed alone, it changes the slates."""
    config = replace(CONFIG, taste=replace(CONFIG.taste, **change))
    asked = asking(60, day=8)
    was = recommend(CONFIG, known, asked, 1)
    assert recommend(config, taught(config), asked, 1).tobytes() != was.tobytes()


def test_without_dimensions_the_blend_looks_at_pairs_alone() -> None:
    """dims=0: nothing is remembered and nothing learned of tastes."""
    config = replace(CONFIG, taste=TasteConfig(dims=0))
    plain = taught(config, days=1)
    assert plain.taste is None
    assert len(plain.history) == 0
    assert recommend(config, plain, asking(5, day=3), 1).shape == (5, 10)


@pytest.mark.parametrize("wrong", [{"dims": -1}, {"own": 0.0}, {"shrinkage": 1.5}, {"newton": 0}])
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    """ValueError, before anything is computed."""
    with pytest.raises(ValueError, match=r"must be|needs"):
        TasteConfig(**wrong)
