"""Tastes: history, what is learned from it, and the blend's score once something was learned."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.policies import Knowledge, RecommenderConfig, fold, recommend, remember
from recommender.profile import Profiles
from recommender.taste.history import History
from recommender.taste.item_features import COARSE, GRAIN, Distance, ItemFeatures
from recommender.taste.model import Taste, TasteConfig
from recommender.taste.pair_likeness import QueryItemPairs, bounded
from tests.unit.recommender.shop import embeddings

N_ITEMS = 60
N_QUERIES = 20
N_SHOPPERS = 40
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


def taught(
    config: RecommenderConfig = CONFIG, *, days: int = 4, n: int = 400, later: int | None = None
) -> Knowledge:
    """A shop after some days of random slates; items from number `later` on come in after the first
    day.
    """
    n_all = N_ITEMS + N_QUERIES
    known = Knowledge.start(config, embeddings(n_all), np.arange(n_all) < (later or N_ITEMS))
    for day in range(days):
        if day == 1 and later is not None:
            known = known.offering(config, np.arange(n_all) < N_ITEMS)
        draws = np.random.default_rng(500 + day)
        asked = asking(n, day=day)
        on_offer = np.flatnonzero(known.is_candidate)
        shown = np.array([draws.permutation(on_offer)[:10] for _ in range(n)], dtype=np.int32)
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
    """Planted: a shopper of the even kind gets more even items, her session untold; a stranger gets
    both.
    """
    nothing = np.full((N_SHOPPERS, 10), -1, dtype=np.int32)
    asked = replace(
        asking(N_SHOPPERS, day=9, shown=nothing), shopper=np.arange(N_SHOPPERS, dtype=np.int64)
    )
    slates = recommend(CONFIG, known, asked, 1)["item"]
    even = (slates % 2 == 0).mean(axis=1)
    assert even[::2].mean() > even[1::2].mean() + 0.3
    strangers = replace(asked, shopper=asked.shopper + 10_000)  # type: ignore[operator]
    of_strangers = (recommend(CONFIG, known, strangers, 1)["item"] % 2 == 0).mean(axis=1)
    assert abs(of_strangers[::2].mean() - of_strangers[1::2].mean()) < 0.2


def test_what_she_clicked_in_this_session_counts_at_once(known: Knowledge) -> None:
    """A stranger who clicked the even items of a slate gets more of them than one who clicked the
    odd.
    """
    shown = np.tile(np.arange(10, 20, dtype=np.int32), (50, 1))
    asked = replace(asking(50, day=11, shown=shown), shopper=np.full(50, 10_000, dtype=np.int64))
    share = [
        (
            recommend(CONFIG, known, replace(asked, acted=shown % 2 == parity), 1)["item"] % 2 == 0
        ).mean()
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
    known = taught(days=1)
    asked = asking(300, day=5)
    shown = np.array(
        [np.random.default_rng(5).permutation(N_ITEMS)[:10] for _ in range(300)], np.int32
    )
    acted = clicks(asked, shown, day=5)
    order = np.random.default_rng(6).permutation(300)
    one, other = (
        remember(CONFIG, known, asked[rows], shown[rows], acted[rows])
        for rows in (slice(None), order)
    )
    assert one[0].pack() == other[0].pack()
    assert one[1] is not None
    assert other[1] is not None
    assert one[1].pack() == other[1].pack()


def test_taste_reads_back_to_the_bit(known: Knowledge) -> None:
    """What is stored is what was learned: all arrays agree, those that follow from the metric
    included.
    """
    assert known.taste is not None
    again = Taste.unpack(known.taste.pack(), known.item_features, likeness=CONFIG.taste.likeness)
    for field in fields(Taste):
        if field.name != "distance":
            assert np.array_equal(getattr(again, field.name), getattr(known.taste, field.name)), (
                field.name
            )
    assert np.array_equal(again.distance.half, known.taste.distance.half)
    assert np.array_equal(again.distance.bend, known.taste.distance.bend)


def test_tastes_of_another_version_are_refused(known: Knowledge) -> None:
    """ValueError names both versions; no number is read as another."""
    assert known.taste is not None
    older = known.taste.pack().replace(b'"version":3', b'"version":1', 1)
    with pytest.raises(ValueError, match="version 1 were stored, 3 is read"):
        Taste.unpack(older, known.item_features, likeness=CONFIG.taste.likeness)


def test_history_reads_back_and_forgets_the_oldest() -> None:
    """Packed and unpacked; of more than `most` slates the last are kept; a torn packet is
    refused.
    """
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
    """Multiples of 1/GRAIN; three items span two axes at most, and no item none that vary."""
    vectors = embeddings(30)
    is_candidate = np.arange(30) < 25
    features = ItemFeatures.of(vectors, is_candidate).features
    assert np.array_equal(features * GRAIN, np.rint(features * GRAIN))
    assert ItemFeatures.of(vectors[:4], np.arange(4) < 3).features.shape[1] == 2
    assert not ItemFeatures.of(vectors, np.zeros(30, np.bool_)).features.any()


def test_the_distance_is_the_weighted_sum_of_squares_that_it_stands_for() -> None:
    """Slow twin: every pair, axis by axis; the rows that the score multiplies with are coarse on
    purpose.
    """
    item_features = ItemFeatures.of(embeddings(30), np.arange(30) < 25)
    weights = np.random.default_rng(1).integers(0, 400, item_features.components.shape[1]) / 1024
    distance = Distance.of(item_features, weights)
    rows, constant = distance.pulls(np.arange(25, 30))
    assert np.array_equal(rows * COARSE, np.rint(rows * COARSE))
    found = rows @ item_features.embeddings[:25].T + constant[:, None] + distance.half[:25]
    for query in range(5):
        for item in range(25):
            apart = (item_features.embeddings[25 + query] - item_features.embeddings[item]).astype(
                float
            ) @ item_features.components
            assert found[query, item] == pytest.approx(-0.5 * (weights * apart**2).sum(), abs=0.02)


def test_a_distance_too_long_for_exact_products_is_cut() -> None:
    """Rows stay below 32, so that 24 bits hold their products with multiples of 2^-11."""
    item_features = ItemFeatures.of(embeddings(30), np.arange(30) < 25)
    rows, _ = Distance.of(item_features, np.full(item_features.components.shape[1], 1e4)).pulls(
        np.arange(30)
    )
    assert np.linalg.norm(rows, axis=1).max() < 32


def test_a_pair_step_is_the_step_over_every_showing() -> None:
    """Slow twin: the same sums over all slates, item by item; pairs that occur twice count
    twice.
    """
    item_features = ItemFeatures.of(embeddings(30), np.arange(30) < 25)
    draws = np.random.default_rng(3)
    query = draws.integers(25, 28, 40)
    item = draws.integers(0, 6, (40, 4))
    gain = draws.normal(size=(40, 4)) / 9
    weight = draws.random((40, 4))
    theta = np.linspace(-5, -4.8, 14)
    weights = np.zeros(item_features.components.shape[1])
    pairs = QueryItemPairs(item_features, query, item)
    assert len(pairs) < 40 * 4
    args = gain.astype(np.float32), weight.astype(np.float32)
    found = pairs.step(theta, weights, *args, apart=3.0)
    alone = QueryItemPairs(item_features, np.repeat(query, 4), item.reshape(-1, 1))
    alone.of = np.arange(160)[:, None]
    keys = np.unique(np.repeat(query, 4) * 30 + item.ravel(), return_inverse=True)[1]
    for name in ("query", "item", "knot", "past", "_row"):
        setattr(alone, name, getattr(pairs, name)[keys])
    other = alone.step(theta, weights, *(part.reshape(-1, 1) for part in args), apart=3.0)
    for one, two in zip(found, other, strict=True):
        assert one == pytest.approx(two, abs=1e-3)
    assert (np.diff(found[0]) >= -1e-12).all()
    assert (found[1] >= 0).all()


def test_a_bounded_solution_has_no_better_neighbour() -> None:
    """The quadratic is not lower anywhere near it within the bounds; without bounds it is
    solve's.
    """
    draws = np.random.default_rng(4)
    root = draws.normal(size=(6, 6))
    matrix = root @ root.T + np.eye(6)
    pull = draws.normal(size=6)
    free = bounded(matrix, pull, np.full(6, -np.inf))
    assert free == pytest.approx(np.linalg.solve(matrix, pull))
    found = bounded(matrix, pull, np.zeros(6))
    assert (found >= 0).all()
    assert (found == 0).any()

    def height(x: NDArray[np.float64]) -> float:
        return float(0.5 * x @ matrix @ x - pull @ x)

    for axis in range(6):
        for step in (-1e-4, 1e-4):
            near = found.copy()
            near[axis] = max(0.0, near[axis] + step)
            assert height(near) >= height(found) - 1e-12


def test_what_she_asks_with_speaks_for_her_taste(known: Knowledge) -> None:
    """Two strangers who asked with different pictures before, and now ask alike, get different
    slates; who opened an item tells nothing by it.
    """
    assert known.taste is not None
    pull, information = known.taste.chosen(np.array([N_ITEMS + 1, N_ITEMS + 2, 3, -1]))
    assert pull[:2].any()
    assert not pull[2:].any()
    assert not information[2:].any()
    assert np.array_equal(information[0], information[0].T)
    nothing = np.full((2, 10), -1, dtype=np.int32)
    asked = replace(
        asking(2, day=9, shown=nothing),
        shopper=np.full(2, 10_000, dtype=np.int64),
        query=np.full(2, N_ITEMS, dtype=np.int32),
        session=np.zeros(2, dtype=np.int64),
        asked=np.array([[N_ITEMS + 1], [N_ITEMS + 2]], dtype=np.int32),
    )
    slates = recommend(CONFIG, known, asked, 1)
    assert slates[0]["taste"].tolist() != slates[1]["taste"].tolist()


def test_the_parts_compose_the_score(known: Knowledge) -> None:
    """Log-odds of the base rate, looks, others, taste and welcome add up; before the first fold no
    parts.
    """
    slates = recommend(CONFIG, known, asking(50, day=9), 1)
    base = known.learned.base
    score = slates["score"]
    told = sum(slates[name].astype(np.float64) for name in ("looks", "others", "taste", "welcome"))
    assert np.log(base / (1 - base)) + told == pytest.approx(np.log(score / (1 - score)), abs=2e-4)
    assert np.abs(slates["taste"]).max() > 0.1
    fresh = recommend(CONFIG, taught(days=0), asking(50, day=9), 1)
    assert np.isnan(fresh["taste"]).all()


def test_new_items_are_shown_about_as_often_as_is_fair() -> None:
    """Ten of sixty came on the second day. Their welcome grows while they are shown too seldom and
    shrinks where they are shown too often; without newcomers there is none.
    """
    config = replace(CONFIG, taste=replace(CONFIG.taste, welcome=0.7))
    known = taught(config, days=2, later=50)
    assert known.taste is not None
    # Random slates showed them as is fair, hence the welcome goes down to the share that is asked
    # for.
    assert known.taste.welcome == pytest.approx(0.7 + np.log(config.taste.fair), abs=0.15)
    welcomed = known.welcomed(config.taste)
    assert (welcomed[50:N_ITEMS] > 0).all()
    assert not welcomed[:50].any()
    assert not welcomed[N_ITEMS:].any()
    slates = recommend(config, known, asking(40, day=9), 1)
    assert ((slates["welcome"] > 0) == (slates["item"] >= 50)).all()
    assert taught(days=2).taste.welcome is None  # type: ignore[union-attr]


CHANGES: list[dict[str, Any]] = [
    {"dims": 4},
    {"slates": 500},
    {"own": 2.0},
    {"quality": 3.0},
    {"wants": 40.0},
    {"likeness": 0.1},
    {"metric": 2.0},
    {"start": 0.4},
    {"shrinkage": 1.0},
    {"newton": 1},
    {"sweeps": 1},
    {"apart": 1.0},
    {"choice": 1.0},
    {"alike": 3.0},
    {"welcome": 1.5},
    {"fair": 0.5},
    {"settled": 5.0},
]


def test_every_setting_has_a_change_here() -> None:
    """A new setting needs its own line above."""
    assert {name for change in CHANGES for name in change} == {
        field.name for field in fields(TasteConfig)
    }


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_setting_matters(known: Knowledge, change: dict[str, Any]) -> None:
    """Changed alone, it changes the slates; what is for newcomers, where there are some."""
    config = replace(CONFIG, taste=replace(CONFIG.taste, **change))
    asked = asking(60, day=8)
    later = 50 if set(change) & {"welcome", "fair", "settled"} else None
    was = recommend(CONFIG, known if later is None else taught(days=2, later=later), asked, 1)
    changed = taught(config, days=4 if later is None else 2, later=later)
    assert recommend(config, changed, asked, 1).tobytes() != was.tobytes()


def test_without_dimensions_the_blend_looks_at_pairs_alone() -> None:
    """dims=0: nothing is remembered and nothing learned of tastes."""
    config = replace(CONFIG, taste=TasteConfig(dims=0))
    plain = taught(config, days=1)
    assert plain.taste is None
    assert len(plain.history) == 0
    assert recommend(config, plain, asking(5, day=3), 1).shape == (5, 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dims": -1},
        {"own": 0.0},
        {"shrinkage": 1.5},
        {"newton": 0},
        {"choice": -1.0},
        {"fair": 0.0},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    """ValueError, before anything is computed."""
    with pytest.raises(ValueError, match=r"must be|needs"):
        TasteConfig(**wrong)
