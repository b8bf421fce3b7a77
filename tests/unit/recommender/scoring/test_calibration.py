"""What a generation teaches comes from its slates only, in any order, and follows what was
planted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.profile import Profiles
from recommender.scoring.calibration import LearningConfig, learn, start
from recommender.scoring.cointeraction import Counts, increments
from recommender.scoring.pair_score import Learned
from recommender.search.similarity import round_embeddings
from tests.unit.recommender.shop import embeddings, profiles

CONFIG = LearningConfig()
N = 60
SLATES = 4000
K = 5


def one_query() -> Profiles:
    """Profiles of the query alone."""
    draws = np.random.default_rng(5)
    items = np.full((SLATES, 8), -1, np.int32)
    items[:, 0] = draws.integers(N, N + 20, SLATES)
    return Profiles(
        session=np.arange(SLATES),
        step=np.zeros(SLATES, np.int16),
        query=items[:, 0],
        items=items,
        weights=(items >= 0).astype(np.float64),
        shown=np.zeros((SLATES, 0), np.int32),
    )


def taught(chance: Any, *, generations: int = 1, config: LearningConfig = CONFIG) -> Learned:
    """Learn from random slates whose clicks have the given chance times 0.8 ** position."""
    index = embeddings(N + 20, dim=4)
    asked = one_query()
    learned = start(config, K)
    counts = Counts.empty(N + 20)
    for generation in range(generations):
        draws = np.random.default_rng(generation)
        shown = np.array([draws.permutation(N)[:K] for _ in range(SLATES)], np.int32)
        examined = 0.8 ** np.arange(K)
        acted = draws.random(shown.shape) < chance(asked.items[:, :1], shown, index) * examined
        after = learn(
            learned,
            config=config,
            embeddings=index,
            counts=counts,
            profiles=asked,
            shown=shown,
            acted=acted,
        )
        counts = counts.plus(increments(asked.items, shown, acted, learned.weights, n=N + 20))
        learned = after
    return learned


def by_cosine(i: np.ndarray, j: np.ndarray, index: np.ndarray) -> np.ndarray:
    """A rate that rises with the cosine from 0.02 to 0.3."""
    cosine = np.einsum(
        "nkd,nkd->nk", np.broadcast_to(index[i], (*j.shape, index.shape[1])), index[j]
    )
    return np.asarray(0.02 + 0.28 * np.clip(cosine, 0, 1) ** 3)


def evenly(i: np.ndarray, j: np.ndarray, index: np.ndarray) -> np.ndarray:
    """A tenth whatever the pair."""
    del i, index
    return np.full(j.shape, 0.1)


def by_pair(i: np.ndarray, j: np.ndarray, index: np.ndarray) -> np.ndarray:
    """A rate that no cosine knows: 0.5 for a fifth of the pairs, 0.01 for the rest."""
    del index
    return np.where((i * 7 + j * 3) % 5 == 0, 0.5, 0.01)


def test_the_start_rises_strictly_and_falls_by_position() -> None:
    """Before any evidence a nearer item has a higher rate, a lower position less examination."""
    learned = start(CONFIG, K)
    assert (np.diff(learned.rates) > 0).all()
    assert learned.examination[0] == 1024
    assert (np.diff(learned.examination) < 0).all()
    assert learned.generation == -1


def test_calibration_follows_the_rates_planted_and_still_rises_strictly() -> None:
    """At a cosine where there were many showings the learned rate is the planted one within a
    fifth.
    """
    learned = taught(by_cosine, generations=2)
    assert (np.diff(learned.rates) > 0).all()
    low, high = learned.rate(np.array([0.0, 0.95]))
    assert high == pytest.approx(0.02 + 0.28 * 0.95**3, rel=0.2)
    assert low < 0.05
    assert learned.generation == 1


def test_examination_approaches_the_planted_fall() -> None:
    """The fifth of five positions is examined 0.41 times as often; the start said 0.85."""
    config = replace(CONFIG, examination_power=0.1, examination_prior=20.0)
    learned = taught(by_cosine, generations=3, config=config)
    assert learned.examination[0] == 1024
    assert (np.diff(learned.examination) <= 0).all()
    assert learned.examination[4] / 1024 == pytest.approx(0.8**4, abs=0.1)


def test_the_base_rate_is_clicks_per_examination() -> None:
    """A tenth planted, a tenth learned, up to what the position curve misses."""
    learned = taught(evenly, generations=3)
    assert learned.base == pytest.approx(0.1, rel=0.12)


def test_kappa_falls_where_pairs_know_more_than_pictures_and_rises_where_they_know_nothing() -> (
    None
):
    """Pair evidence that predicts earns trust; evidence that is noise around the calibration loses
    it.
    """
    assert taught(by_pair, generations=3).kappa < CONFIG.start_kappa
    assert taught(by_cosine, generations=3).kappa > CONFIG.start_kappa


def test_without_evidence_kappa_stays_where_it_started() -> None:
    """The first generation has no counts to judge by."""
    assert taught(by_cosine).kappa == CONFIG.start_kappa


def test_the_order_and_the_batches_of_slates_do_not_matter() -> None:
    """Tallies are whole numbers, so a permutation teaches the same bits."""
    index = embeddings(80)
    draws = np.random.default_rng(3)
    asked = profiles(700, n_items=60, n_all=80)
    shown = np.array([draws.permutation(60)[:10] for _ in range(700)], np.int32)
    acted = draws.random(shown.shape) < 0.2
    learned = start(CONFIG, 10)
    counts = increments(asked.items, shown, acted, learned.weights, n=80)
    order = draws.permutation(700)
    answers = {
        learn(
            learned,
            config=CONFIG,
            embeddings=index,
            counts=counts,
            profiles=asked[rows],
            shown=shown[rows],
            acted=acted[rows],
        ).to_json()
        for rows in (np.arange(700), order)
    }
    assert len(answers) == 1


def test_slates_that_do_not_fit_are_refused() -> None:
    """Another slate size than what was learned before is a ValueError."""
    shown = np.zeros((3, 4), np.int32)
    with pytest.raises(ValueError, match="do not fit"):
        learn(
            start(CONFIG, 10),
            config=CONFIG,
            embeddings=round_embeddings(np.eye(4)),
            counts=Counts.empty(4),
            profiles=profiles(3, n_items=12, n_all=12),
            shown=shown,
            acted=shown > 0,
        )


@pytest.mark.parametrize(
    "change",
    [
        {"start_kappa": 3.0},
        {"kappa_grid": (-1.0, 32.0)},
        {"start_base": 0.0},
        {"calibration_slope": 0.0},
        {"n_knots": 2},
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(change: dict[str, Any]) -> None:
    """Each is a ValueError when it is made, not when it is used."""
    with pytest.raises(ValueError, match="must"):
        replace(CONFIG, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"start_kappa": 16.0},
        {"start_base": 0.1},
        {"start_peak": 5.0},
        {"start_power": 3.0},
        {"n_knots": 33},
        {"calibration_prior": 500.0},
        {"calibration_slope": 0.5},
        {"examination_power": 1.0},
        {"examination_prior": 5.0},
        {"base_prior": 5000.0},
        {"kappa_grid": (16.0, 32.0)},
    ],
    ids=str,
)
def test_every_setting_matters(change: dict[str, Any]) -> None:
    """A setting that is changed changes what is known before or after a generation."""
    changed = replace(CONFIG, **change)
    usual = (start(CONFIG, K).to_json(), taught(by_cosine).to_json())
    assert (start(changed, K).to_json(), taught(by_cosine, config=changed).to_json()) != usual
