"""The short cuts of the counterfactual's audit give what the product gives of the same log."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.intervals.drawn_logs import Requests, drawn, target_slates
from benchmarks.intervals.many_targets import ManyTargets
from simulator.counterfactual.estimators import evaluate
from simulator.counterfactual.shared import share

N_ITEMS = 30
K = 4


def a_shop(n: int) -> Requests:
    """Of n requests by a third as many shoppers."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(N_ITEMS + 10, 12)).astype(np.float32)
    return Requests(
        shopper=np.arange(n) // 3,
        query=rng.integers(N_ITEMS, N_ITEMS + 10, n),
        attraction=(0.6 * rng.random((n, N_ITEMS))).astype(np.float32),
        is_allowed=rng.random((n, N_ITEMS)) < 0.8,
        examination=np.array([0.9, 0.6, 0.4, 0.2]),
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
    )


@pytest.mark.parametrize("policy", ["random", "logging"])
def test_what_is_shared_changes_no_estimate(policy: str) -> None:
    """Chances laid out, told in short, and only those that are not 0: to the last digits."""
    of = a_shop(600)
    log = drawn(of, policy, target_slates(of, None), 500, np.random.default_rng(2))
    beside = log.beside(of)
    short = log.against(beside, of, target_slates(of, np.random.default_rng(3)))
    of_all = replace(share(beside), logger=log.logger)
    sparse = list(ManyTargets.of(log, of).evaluate(target_slates(of, np.random.default_rng(3))))
    at = np.asarray(short.target.at)  # type: ignore[union-attr]
    whole = replace(
        short,
        target=(at[:, :, None] == np.arange(K)).astype(np.float64),
        reached=np.ones((*at.shape, K), np.bool_),
    )
    for found in (evaluate(short, of_all), sparse):
        for one, other in zip(found, evaluate(whole), strict=True):
            assert one.name == other.name
            assert (one.value, one.low, one.high) == pytest.approx(
                (other.value, other.low, other.high), rel=1e-9, nan_ok=True
            )
            assert one.effective == pytest.approx(other.effective, nan_ok=True)


def test_the_chances_of_a_log_are_those_of_its_lottery() -> None:
    """Over all items that may be shown they add up to 1 at each place."""
    of = a_shop(300)
    log = drawn(of, "logging", target_slates(of, None), 300, np.random.default_rng(4))
    by_lot = log.logger.lot * of.is_allowed[log.rows].sum(axis=1)
    np.testing.assert_allclose(by_lot + log.logger.by_ranking, 1.0)
    is_ranked = (log.logger.ranked.at == np.arange(K)).all(axis=1)
    assert 0.4 < is_ranked.mean() < 0.6
