"""A stored run as a log: played again in memory, and the target policy asked at each request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from db import items, runs, slates
from db.engine import read_transaction
from db.errors import UsageError, WorkError
from db.events import Events
from db.runs import Run
from recommender.arrivals import Arrivals
from recommender.policies import recommend
from recommender.profile import Profiles
from recommender.propensity import LOTTERIES, propensities_by_place
from recommender.ranking import SLATE
from simulator.counterfactual.chances import Floats
from simulator.counterfactual.logged import Logged, Marks
from simulator.counterfactual.told_slates import ToldSlates, told_slates
from simulator.guests.admitted import spec_of
from simulator.installation.context import Context
from simulator.operations.propensities import is_drawn
from simulator.playing.in_memory import (
    PIECE,
    MemoryRun,
    SharedWorld,
    folded,
    gather,
    share_world,
)
from simulator.playing.plan import Resolved
from simulator.playing.play import play
from simulator.world.choice import appeal, clicks_expected
from simulator.world.session import Sessions
from workers.run_recommender import RunRecommender


@dataclass(frozen=True)
class Replayed:
    """The log of a run, and what the judge knows of the target's slates on the same requests."""

    log: Logged
    truth: float
    """Expected clicks per item of the target's slates."""
    own: float
    """Clicks per item of the slates that were shown."""
    left_out: int = 0
    """Requests of which the log does not know a chance."""


@dataclass
class LoggedRun(MemoryRun):
    """A run in memory beside which the target learns from the same clicks, a day at a time."""

    target: RunRecommender = field(kw_only=True)

    def end_day(self, sessions: NDArray[np.int64], generation: int) -> None:
        """Fold the day for both."""
        quiet = Events.empty(self.recommender.config.slate_size)  # when nobody came
        self.target = folded(self.target, Events.concat(self._events or [quiet]), generation)
        super().end_day(sessions, generation)


@dataclass
class Onlooker:
    """Stands beside a run that is played and asks the target what it would have shown."""

    shared: SharedWorld
    desk: LoggedRun
    told: ToldSlates | None = None
    """What a guest said, where the run is one's."""
    seen: list[dict[str, Any]] = field(default_factory=list)

    def __call__(
        self, here: Sessions, shown: NDArray[np.int32], clicked: NDArray[np.bool_]
    ) -> None:
        """Note one step of a day."""
        profiles = self.desk.profiles
        assert profiles is not None  # noqa: S101 - the desk has ranked
        items = _slates(self.desk.target, profiles)
        self.seen.append(
            {
                "session": here.session,
                "step": np.full(len(shown), here.step),
                "shown": shown,
                "unit": here.shopper,
                "clicked": clicked.astype(np.float64),
                "logger": self._logger(profiles, shown),
                "target": _target_chances(self.desk.target, profiles, shown, items),
                "places": (items >= 0).sum(axis=1),
                "reached": self._reached(profiles, items),
                "score": self._likeness(here, shown),
                "target_score": self._likeness(here, items),
                "truth": self._expected(here, items),
            }
        )

    def _logger(self, profiles: Profiles, shown: NDArray[np.int32]) -> Floats:
        if self.told is not None:
            return self.told.by_place(profiles)
        return _chances(self.desk.recommender, profiles, shown)

    def _reached(self, profiles: Profiles, items: NDArray[np.int32]) -> Marks | None:
        """None of a guest: it says nothing of what it could have shown besides."""
        if self.told is not None:
            return None
        return _chances(self.desk.recommender, profiles, items) > 0

    def _likeness(self, here: Sessions, items: NDArray[np.int32]) -> Floats:
        """Cosine of each item's picture and the one that was searched with, [n, k]."""
        vectors = self.shared.vectors
        pairs = vectors[np.maximum(items, 0)], vectors[here.query]
        return np.asarray(np.einsum("nkd,nd->nk", *pairs), np.float64)

    def _expected(self, here: Sessions, items: NDArray[np.int32]) -> Floats:
        """Clicks that the judge expects of the target's slates, [n]."""
        world = self.shared.world
        liked = expit(world.config.click_base + appeal(world, here, items.astype(np.int64)))
        clicks = clicks_expected(world, np.where(items >= 0, liked, 0.0))
        return np.asarray(clicks.sum(axis=1))


def _slates(known: RunRecommender, profiles: Profiles) -> NDArray[np.int32]:
    """What a recommender would show, [n, k]."""
    parts = [
        recommend(known.config, known.knowledge, profiles[start : start + PIECE], known.seed)
        for start in range(0, len(profiles), PIECE)
    ]
    found: NDArray[np.int32] = np.concatenate(parts)["item"]
    return found


def _chances(known: RunRecommender, profiles: Profiles, items: NDArray[np.int32]) -> Floats:
    return propensities_by_place(known.config, known.knowledge, profiles, items)


def _target_chances(
    known: RunRecommender,
    profiles: Profiles,
    shown: NDArray[np.int32],
    items: NDArray[np.int32],
) -> Floats:
    """The target's chances of what was shown, [n, k, k]: 1 where it shows an item, if it does not
    draw by lot.
    """
    if known.config.policy in LOTTERIES:
        return _chances(known, profiles, shown)
    same = (shown[:, :, None] == items[:, None, :]).astype(np.float64)
    return np.where((shown >= 0)[:, :, None], same, np.nan)


def replay(context: Context, run_id: str, target: str) -> Replayed:
    """The log of a stored run of ours, for a target policy of ours.

    Raises UsageError for a run whose slates were not drawn by lot, WorkError where the run played
    again is not the stored one.
    """
    with read_transaction(context.engine) as conn:
        run = runs.read(conn, run_id)
        chosen = items.of_run(conn, run.number)
    told = told_slates(context, run) if "guest" in run.config else None
    if told is None:
        _require_lottery(run)
    shared = share_world(run.config, *gather(context, Resolved(run.config, chosen)))
    seen = watched(shared, run.config["policy"], target, told)
    _require_same(context, run, seen)
    return _replayed(run, seen)


def watched(
    shared: SharedWorld, policy: str, target: str, told: ToldSlates | None = None
) -> dict[str, Any]:
    """What an onlooker of a run of `policy` notes, each array [n_requests, ...] in the order of
    sessions and steps. told: what a guest of that name showed.
    """
    desk = LoggedRun(shared.recommender(policy), guest=told, target=shared.recommender(target))
    onlooker = Onlooker(shared, desk, told)
    config = shared.config
    play(
        shared.world,
        desk,
        days=config["days"],
        policy=policy,
        seed=config["seed"],
        after_day=lambda _day: None,
        arrivals=Arrivals.of(config),
        witness=onlooker,
    )
    if not onlooker.seen:
        raise UsageError("nobody asked for a slate in this run; play more shoppers or days")
    found = {
        name: np.concatenate([one[name] for one in onlooker.seen])
        for name, first in onlooker.seen[0].items()
        if first is not None
    }
    order = np.lexsort((found["step"], found["session"]))
    return {name: values[order] for name, values in found.items()}


def _replayed(run: Run, seen: dict[str, Any]) -> Replayed:
    names = (
        "unit", "clicked", "logger", "target", "places", "reached", "score", "target_score"
    )  # fmt: skip
    log = Logged(**{name: seen[name] for name in names if name in seen})
    # Where a ranked slate was filled up, nobody computed a chance; that hangs on the request alone.
    known = log.own(log.logger)[:, :, None] if "reached" not in seen else log.logger
    is_known = (np.isfinite(known) | (seen["shown"] < 0)[:, :, None]).all(axis=(1, 2))
    if not is_known.any():
        raise UsageError(
            f"no slate of {run.id} has the chances of all its items, so nothing follows for other"
            f" policies; `windowshop check {spec_of(run.config)}` says what was filled for it"
        )
    truth = seen["truth"][is_known]
    log = log.of(is_known)
    return Replayed(
        log,
        float(truth.sum() / max(1, log.places.sum())),
        float(log.clicked.sum() / max(1, log.is_shown.sum())),
        int((~is_known).sum()),
    )


def _require_lottery(run: Run) -> None:
    if not is_drawn(run):
        raise UsageError(
            f"{run.config['policy']} does not draw its slates by lot, so nothing follows for other"
            " policies; play a log with `windowshop simulate --policy logging`, or with a"
            " recommender of your own that says its propensities"
        )


def _require_same(context: Context, run: Run, seen: dict[str, Any]) -> None:
    k = run.config["recommender"]["slate_size"]
    with read_transaction(context.engine) as conn:
        session, step, _, entries = slates.of_run(conn, run.number, dtype=SLATE, k=k)
    order = np.lexsort((step, session))
    if not np.array_equal(entries["item"][order], seen["shown"]):
        raise WorkError(
            f"{run.id}, played again, shows other slates than those stored;"
            f" `windowshop verify {run.id}` looks for the cause"
        )
