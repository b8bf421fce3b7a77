"""What is known of a shopper: what the recommender believes of her taste, and, of simulated ones,
what the judge knows and why she left.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sqlalchemy import Engine

from db import runs, visits
from db.engine import read_transaction
from simulator.playing.simulate import world_of
from simulator.shop.live.live_run import LiveRun
from simulator.world.session import World
from simulator.world.shopper import first_memory, next_morning
from workers.knowledge import Library

SHOWN = 8
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Liking:
    """What somebody's taste says of the items that are offered."""

    score: Floats
    """[n_items], by item number: taste times style, for herself alone; an average item has 0."""
    most: list[int]
    """Item numbers, what pleases her most first."""
    least: list[int]


@dataclass(frozen=True)
class Belief:
    """What the recommender makes of her clicks."""

    liking: Liking
    certainty: float
    """Share of a stranger's variance that is gone: 0 nothing is known, 1 all."""


@dataclass(frozen=True)
class KnownTaste:
    """What the judge knows of a simulated shopper, on the day after the run."""

    liking: Liking
    price: float
    """How much she minds a price, of what shoppers do on average."""
    patience: float
    """Standard deviations of patience above the average."""
    agreement: float | None
    """Correlation over items of the belief with this; None without a belief."""


@dataclass(frozen=True)
class Leaving:
    """Why a simulated visit ended: each reason in log-odds of leaving after that slate."""

    reasons: tuple[tuple[str, float], ...]
    """The strongest for leaving first; `base` is a visit of average patience."""
    chance: float
    """Of leaving after that slate."""
    is_last: bool
    """Whether nobody looks at more slates than that."""


@dataclass(frozen=True)
class SlateActs:
    """How many items of a slate were clicked, put into the basket, and bought."""

    clicks: int
    carts: int
    purchases: int


class Insight:
    """Of one web process; what was read or built once is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._library = Library(engine)
        self._worlds: dict[str, tuple[World, Floats]] = {}
        self._one_at_a_time = threading.Lock()

    def belief(self, live: LiveRun, shopper: int) -> Belief | None:
        """What the newest generation believes; None of whom it has not learned, and for policies
        that learn no tastes.
        """
        with self._one_at_a_time:
            with read_transaction(self._engine) as conn:
                generation = visits.latest_generation(conn, live.run.number)
            taste = self._library.recommender(live.run.number, generation).knowledge.taste
        if taste is None or shopper not in taste.shoppers:
            return None
        mean, precision = taste.of(np.array([shopper]), 1)
        n = min(len(taste.style), len(live.items))
        left = np.trace(np.linalg.inv(precision[0])) / taste.dims
        return Belief(_liking(live, taste.style[:n] @ mean[0]), float(1.0 - left))

    def judged(self, live: LiveRun, shopper: int, belief: Belief | None) -> KnownTaste:
        """What the judge knows of a simulated shopper of the run that this one goes on from."""
        world, tastes = self._world(live)
        liking = _liking(live, world.catalogue.style @ tastes[shopper])
        sensitivity = world.population.price_sensitivity
        patience = world.population.patience
        spread = float(patience.std()) or 1.0
        return KnownTaste(
            liking,
            float(sensitivity[shopper] / sensitivity.mean()),
            float((patience[shopper] - patience.mean()) / spread),
            _agreement(live, belief.liking.score, liking.score) if belief else None,
        )

    def leaving(self, live: LiveRun, shopper: int, slates: Sequence[SlateActs]) -> Leaving:
        """Why a visit of such slates ended after the last of them, as the world decided it."""
        world, _ = self._world(live)
        config = world.config
        joy = sum(
            config.joy_click * one.clicks
            + config.joy_cart * one.carts
            + config.joy_purchase * one.purchases
            + config.joy_bad_slate * (one.clicks == 0)
            for one in slates
        )
        last = slates[-1]
        reasons = {
            "base": config.leave_base,
            "patience": -float(world.population.patience[shopper]),
            "joy": -config.leave_joy * joy,
            "bad slate": config.leave_bad_slate * (last.clicks == 0),
            "bought": config.leave_purchase * (last.purchases > 0),
        }
        told = sorted(reasons.items(), key=lambda one: -one[1])
        return Leaving(
            tuple(one for one in told if one[1]),
            float(expit(sum(reasons.values()))),
            len(slates) >= world.max_slates,
        )

    def _world(self, live: LiveRun) -> tuple[World, Floats]:
        """The world of the run before, and its shoppers' own tastes [n_shoppers, dims] after it."""
        base = str(live.run.config["from"]["run"])
        with self._one_at_a_time:
            if base not in self._worlds:
                with read_transaction(self._engine) as conn:
                    run = runs.read(conn, base)
                    world = world_of(conn, run)
                memory = first_memory(world.population)
                for day in range(int(run.config["days"])):
                    memory = next_morning(world.config, world.seed, world.population, memory, day)
                self._worlds[base] = world, memory.own_taste
            return self._worlds[base]


def _liking(live: LiveRun, score: Floats) -> Liking:
    offered = np.flatnonzero(live.is_offered[: len(score)])
    score = score - score[offered].mean()
    ordered = offered[np.argsort(-score[offered], kind="stable")]
    return Liking(score, ordered[:SHOWN].tolist(), ordered[::-1][:SHOWN].tolist())


def _agreement(live: LiveRun, one: Floats, other: Floats) -> float | None:
    n = min(len(one), len(other))
    offered = np.flatnonzero(live.is_offered[:n])
    if one[offered].std() == 0 or other[offered].std() == 0:
        return None
    return float(np.corrcoef(one[offered], other[offered])[0, 1])
