"""Offline evaluation: one log by the fixed logging policy, and every policy's ranking of its
requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import UsageError
from recommender.arrivals import Arrivals
from recommender.config import RecommenderConfig
from recommender.policies import recommend
from recommender.profile import Profiles
from simulator.playing.in_memory import PIECE, MemoryRun, SharedWorld
from simulator.playing.play import play
from simulator.report.numbers import offline
from simulator.report.numbers.offline import LoggedRequests, Tally
from simulator.world.day import click_probability
from simulator.world.draws import Purpose, uniform
from simulator.world.session import Sessions
from workers.run_recommender import RunRecommender

LOGGING = "logging"
LEARNER = "blend"
"""The policy whose folds the log goes through: it learns everything that any policy reads."""


@dataclass
class _Assessor:
    """Sees each slate of the log and has every policy rank the same requests, from what was known
    then.
    """

    shared: SharedWorld
    policies: Sequence[str]
    share: float
    desk: MemoryRun
    tally: Tally
    _beside: tuple[int, NDArray[np.int64]] | None = None

    def __call__(
        self, here: Sessions, slates: NDArray[np.int32], clicked: NDArray[np.bool_]
    ) -> None:
        """Assess an addressed share of the requests of one step."""
        draw = uniform(self.shared.world.seed, Purpose.ASSESS, here.shopper, here.day, here.step)
        rows = np.flatnonzero(draw < self.share)
        profiles = self.desk.profiles
        known = self.desk.recommender
        if profiles is None or not np.array_equal(profiles.session, here.session):
            raise ValueError("the log's requests are not those that were ranked last")
        for start in range(0, len(rows), PIECE):
            some = rows[start : start + PIECE]
            asked = self._requests(here.take(some), profiles[some], slates[some], clicked[some])
            ranked = {
                policy: recommend(
                    _config(known, policy), known.knowledge, profiles[some], known.seed
                )["item"]
                for policy in self.policies
            }
            self.tally.add(asked, ranked)

    def _requests(
        self,
        some: Sessions,
        profiles: Profiles,
        slates: NDArray[np.int32],
        clicked: NDArray[np.bool_],
    ) -> LoggedRequests:
        gains = click_probability(self.shared.world, replace(some, alive=np.ones_like(some.alive)))
        for forbidden in (profiles.query[:, None], profiles.shown):
            row, place = np.nonzero((forbidden >= 0) & (forbidden < gains.shape[1]))
            gains[row, forbidden[row, place]] = 0.0
        order = np.argsort(~clicked, axis=1, kind="stable")
        truth = np.take_along_axis(np.where(clicked, slates, -1), order, axis=1)
        return LoggedRequests(
            shopper=some.shopper,
            gains=gains,
            clicked=truth,
            beside=self._clicks_beside()[profiles.query],
            times=self.desk.recommender.knowledge.popularity.acted,
        )

    def _clicks_beside(self) -> NDArray[np.int64]:
        """Clicks that earlier generations saw beside each item, int64 [n]; counted once a
        generation.
        """
        generation = self.desk.recommender.generation
        counts = self.desk.recommender.knowledge.counts
        if self._beside is None or self._beside[0] != generation:
            found = np.bincount(counts.key // counts.n, weights=counts.acted, minlength=counts.n)
            self._beside = generation, found.astype(np.int64)
        return self._beside[1]


def assess(shared: SharedWorld, policies: Sequence[str], *, share: float = 1.0) -> dict[str, Any]:
    """Play the shared log in a shared world, and measure how each policy would have ranked its
    requests.

    share: of the requests that are assessed, an addressed draw. Gives offline.measure's document.
    """
    desk = MemoryRun(shared.recommender(LEARNER), shown_policy=LOGGING)
    assessor = _Assessor(shared, policies, share, desk, Tally(shared.world.n_shoppers))
    play(
        shared.world,
        desk,
        days=shared.config["days"],
        policy=LOGGING,
        seed=shared.config["seed"],
        after_day=lambda _day: None,
        arrivals=Arrivals.of(shared.config),
        witness=assessor,
    )
    if not assessor.tally.requests:
        raise UsageError(
            f"a share of {share:g} of this log's requests is none of them; "
            "give a larger one, 0.25 for instance"
        )
    return offline.measure(assessor.tally)


def _config(known: RunRecommender, policy: str) -> RecommenderConfig:
    return replace(known.config, policy=policy)
