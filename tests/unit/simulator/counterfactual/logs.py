"""Logs made up for tests: a shop of few items whose clicks follow the position-based model."""

from __future__ import annotations

import numpy as np

from simulator.counterfactual.logged import Logged

N_ITEMS = 6
K = 3
LOOKS = np.array([0.9, 0.5, 0.2])


def made_up(n: int, *, seed: int, unseen: float = 0.0) -> tuple[Logged, float]:
    """A log of n requests, uniform or by a fixed slate, a coin each time; and the target's truth.

    unseen: share of requests where the log never shows what the target shows first.
    """
    rng = np.random.default_rng(seed)
    liking = rng.random((n, N_ITEMS)) * np.linspace(0.1, 0.8, N_ITEMS)
    lot = np.argsort(rng.random((n, N_ITEMS)), axis=1)[:, :K]
    fixed = np.tile(np.arange(K), (n, 1))
    is_lot = rng.random(n) < 0.5
    shown = np.where(is_lot[:, None], lot, fixed)
    chances = 0.5 / N_ITEMS + 0.5 * (shown[:, :, None] == fixed[:, None, :])
    target = np.tile(np.array([5, 0, 3]), (n, 1))
    target[: n // 2] = [2, 4, 1]
    liked = np.take_along_axis(liking, shown, axis=1) * LOOKS
    reached = np.ones((n, K, K), np.bool_)
    reached[: round(unseen * n), 0] = False
    log = Logged(
        unit=np.arange(n) // 3,
        clicked=(rng.random(shown.shape) < liked).astype(np.float64),
        logger=chances,
        target=(shown[:, :, None] == target[:, None, :]).astype(np.float64),
        places=np.full(n, K),
        reached=reached,
        score=shown.astype(np.float64),
        target_score=target.astype(np.float64),
    )
    truth = np.take_along_axis(liking, target, axis=1) * LOOKS
    return log, float(truth.mean())
