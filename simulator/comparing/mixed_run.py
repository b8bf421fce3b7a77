"""Runs in memory in which two policies serve the same shoppers and one learner learns from all:
interleaved by team draft, or half of the shoppers each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import UsageError
from recommender.arrivals import Arrivals
from recommender.registry import POLICIES, REFERENCES
from simulator.comparing.team_draft import team_draft
from simulator.playing.desk import Ranker
from simulator.playing.in_memory import MemoryRun, SharedWorld
from simulator.playing.play import play
from simulator.playing.record import Record
from simulator.world.draws import Purpose, uniform

Pair = tuple[str, str]
LEARNED = ("nothing", "pairs", "taste")
"""What policies learn, from the least to the most."""


@dataclass
class MixedRun(MemoryRun):
    """A run of two policies; stands where the desk stands."""

    pair: Pair = ("", "")
    is_split: bool = False
    """Each shopper meets one of them; else both, in each list."""
    n_shoppers: int = 1
    credit: list[tuple[NDArray[np.int64], int, NDArray[np.int64]]] = field(default_factory=list)
    """Of each step: sessions [n], the step, and whom a click at each place speaks for [n, k]: 1 the
    first policy, -1 the second, 0 neither.
    """

    def slates_for(
        self,
        sessions: NDArray[np.int64],
        step: int,
        *,
        generation: int,
        ranker: Ranker | None = None,
    ) -> NDArray[np.int32]:
        """The slates of these sessions (sorted) at this step, int32 [n, k]."""
        del generation  # play asks for the one that is known
        lists = self._lists(sessions, step, ranker)
        entries, credit = (self._halved if self.is_split else self._drafted)(lists, sessions, step)
        self.credit.append((sessions, step, credit))
        if self.record is not None:
            self.record.show(sessions, step, entries)
        chosen: NDArray[np.int32] = entries["item"].copy()
        return chosen

    def _lists(
        self, sessions: NDArray[np.int64], step: int, ranker: Ranker | None
    ) -> list[NDArray[Any]]:
        """SLATE [n, k] of each policy: what it would show alone, knowing what is known here."""
        found: dict[str, NDArray[Any]] = {}
        for policy in dict.fromkeys(self.pair):
            if policy in REFERENCES and ranker is not None:
                found[policy] = ranker(sessions, step)
            else:
                found[policy] = self._by(policy, sessions, step)
        return [found[policy] for policy in self.pair]

    def _by(self, policy: str, sessions: NDArray[np.int64], step: int) -> NDArray[Any]:
        self.shown_policy = policy
        return self._ranked(sessions, step)

    def _drafted(
        self, lists: list[NDArray[Any]], sessions: NDArray[np.int64], step: int
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        places = np.arange(lists[0].shape[1])
        draws = uniform(self.recommender.seed, Purpose.TEAM, sessions[:, None], step, places)
        first, second = (one["item"].astype(np.int64) for one in lists)
        drafted = team_draft(first, second, np.asarray(draws < 0.5))
        rows = np.arange(len(sessions))[:, None]
        inside = np.maximum(drafted.place, 0)
        entries = np.where(drafted.team == 1, lists[1][rows, inside], lists[0][rows, inside])
        entries["item"][drafted.team < 0] = -1
        return entries, drafted.credit

    def _halved(
        self, lists: list[NDArray[Any]], sessions: NDArray[np.int64], step: int
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        del step
        n_shoppers = self.n_shoppers
        arm = arms(self.recommender.seed, n_shoppers)[sessions % n_shoppers]
        team = np.repeat(arm[:, None], lists[0].shape[1], axis=1)
        return np.where(team == 1, lists[1], lists[0]), 1 - 2 * team


def arms(seed: int, n_shoppers: int) -> NDArray[np.int64]:
    """Which policy each shopper meets, 0 or 1 [n_shoppers]: half of them each, by an addressed
    draw.
    """
    draws = uniform(seed, Purpose.ARM, np.arange(n_shoppers))
    found = np.zeros(n_shoppers, np.int64)
    found[np.argsort(draws, kind="stable")[: n_shoppers // 2]] = 1
    return found


def checked(pair: Pair) -> Pair:
    """The pair; UsageError for one that cannot be mixed."""
    for one in pair:
        if one not in POLICIES:
            raise UsageError(
                f"{one!r} is none of our policies, and only those can be mixed; choose two of"
                f" {', '.join(POLICIES)}"
            )
    if len(set(pair) & set(REFERENCES)) > 1:
        raise UsageError(f"{pair[0]} and {pair[1]} are both references; mix one with a policy")
    return pair


def learner(pair: Pair) -> str:
    """Who learns for both: the one that learns more."""
    return max(pair, key=lambda one: LEARNED.index(POLICIES[one].learns))


def play_mixed(
    shared: SharedWorld,
    pair: Pair,
    *,
    is_split: bool,
    record: Record,
    after_day: Callable[[int], None] = lambda _day: None,
) -> MixedRun:
    """Play two policies in one run, to its last day. UsageError for a pair that cannot be mixed."""
    references = [one for one in checked(pair) if one in REFERENCES]
    desk = MixedRun(
        shared.recommender(learner(pair)),
        record=record,
        pair=pair,
        is_split=is_split,
        n_shoppers=shared.config["shoppers"],
    )
    play(
        shared.world,
        desk,
        days=shared.config["days"],
        policy=references[0] if references else learner(pair),
        seed=shared.config["seed"],
        after_day=after_day,
        arrivals=Arrivals.of(shared.config),
    )
    return desk
