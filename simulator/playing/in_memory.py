"""Runs in memory: world, recommender and shoppers as ever, but no database and no queue, for grids
of runs.

Nothing is kept but what the caller writes down. A run here has the slates and the clicks of the
stored one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from db import images
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.events import Events
from db.runs import canonical
from recommender.arrivals import Arrivals
from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge, fold, remember
from recommender.policies import recommend
from recommender.profile import Profiles
from recommender.registry import POLICIES
from recommender.search.similarity import VisualNeighbours, round_embeddings
from simulator.embedders.vectors import vectors
from simulator.installation.context import Context
from simulator.playing.desk import NOTHING_KNOWN, Ranker
from simulator.playing.plan import FILLING, Resolved
from simulator.playing.play import Witness, play
from simulator.playing.record import Record
from simulator.playing.simulate import pictures_of
from simulator.report.numbers.formulas import first_late_day
from simulator.world.catalogue import Pictures
from simulator.world.day import SlateOutcomes, build_world
from simulator.world.presets import from_settings
from simulator.world.session import World
from workers.fold import read_slates
from workers.run_recommender import RunRecommender, requests_of

PIECE = 256
"""Requests ranked at once: what they need stays in the processor's cache; results do not depend on
it.
"""


@dataclass
class SharedWorld:
    """What all runs of one world share: the world itself, the pictures' vectors, and who is near
    whom.
    """

    config: dict[str, Any]
    world: World
    pixels: NDArray[np.uint8]
    vectors: NDArray[np.float32]
    is_candidate: NDArray[np.bool_]
    neighbours: dict[int, VisualNeighbours] = field(default_factory=dict)

    def recommender(self, policy: str, settings: dict[str, Any] | None = None) -> RunRecommender:
        """A recommender that knows nothing yet; settings: of RecommenderConfig, beside the run's
        own.
        """
        named = policy if policy in POLICIES else FILLING
        own = {**self.config["recommender"], **(settings or {}), "policy": named}
        config = RecommenderConfig.from_json(canonical(own))
        arrivals = Arrivals.of(self.config)
        offered = arrivals.offered(self.is_candidate, 0) if arrivals else self.is_candidate
        knowledge = Knowledge.start(config, self.vectors, offered)
        shared = self.neighbours.setdefault(config.neighbours, knowledge.neighbours)
        knowledge = replace(knowledge, neighbours=shared)
        return RunRecommender(0, self.config["seed"], config, NOTHING_KNOWN, knowledge, arrivals)


def share_world(
    config: dict[str, Any], pictures: Pictures, vectors: NDArray[np.float32]
) -> SharedWorld:
    """What all runs of a config's world share; vectors: unit rows of its items, not rounded yet."""
    world = build_world(
        from_settings(config["world"]["settings"]),
        seed=config["seed"],
        pictures=pictures,
        n_shoppers=config["shoppers"],
        slate_size=config["recommender"]["slate_size"],
        max_slates=config["slates"],
    )
    return SharedWorld(
        config,
        world,
        pictures.pixels,
        round_embeddings(vectors),
        ~np.asarray(pictures.is_query, np.bool_),
    )


class SlateSource(Protocol):
    """Who is asked for slates in the recommender's place: a guest, or what one said before."""

    def slates(self, profiles: Profiles, events: Events, known: RunRecommender) -> NDArray[Any]:
        """SLATE [n, k] of requests of one step."""

    def end_day(self, events: Events, generation: int) -> None:
        """A day is over."""


@dataclass
class MemoryRun:
    """One run, played without a database. It stands where the desk stands."""

    recommender: RunRecommender
    shown_policy: str | None = None
    """The policy whose slates are shown, where it is not the one that learns."""
    record: Record | None = None
    """Keeps what happens beyond the day, where somebody wants it."""
    guest: SlateSource | None = None
    """Who is asked for slates in the recommender's place."""
    profiles: Profiles | None = None
    """Those of the requests ranked last."""
    expected: list[tuple[int, float, int]] = field(default_factory=list)
    """Of each step: day, clicks expected, items shown."""
    arrived: list[tuple[int, int]] = field(default_factory=list)
    """Of each step: day, and how often an item that came in mid-run was shown."""
    _events: list[Events] = field(default_factory=list)

    def note(self, events: Events, outcomes: SlateOutcomes | None = None) -> None:
        """Remember the events until the day ends, and what was expected of the slates."""
        self._events.append(events)
        if self.record is not None:
            self.record.note(events, outcomes)
        if outcomes is not None:
            shown = int(np.count_nonzero(events.shown >= 0))
            day = self.recommender.generation + 1
            self.expected.append((day, float(outcomes.expected.sum()), shown))
            if arrivals := self.recommender.arrivals:
                self.arrived.append((day, int(np.isin(events.shown, arrivals.items).sum())))

    def slates_for(
        self,
        sessions: NDArray[np.int64],
        step: int,
        *,
        generation: int,
        ranker: Ranker | None = None,
    ) -> NDArray[np.int32]:
        """The slates of these sessions (sorted) at this step, int32 [n, k]."""
        known = self.recommender
        if known.generation != generation:
            raise ValueError(f"generation {generation} was asked for, {known.generation} is known")
        entries = ranker(sessions, step) if ranker is not None else self._ranked(sessions, step)
        if self.record is not None:
            self.record.show(sessions, step, entries)
        chosen: NDArray[np.int32] = entries["item"].copy()
        return chosen

    def _ranked(self, sessions: NDArray[np.int64], step: int) -> NDArray[Any]:
        """SLATE [n, k] by the guest, or by the recommender."""
        known = self.recommender
        events = Events.concat(self._events)
        self.profiles = known.profiles(requests_of(events, sessions, step), events)
        if self.guest is not None:
            return self.guest.slates(self.profiles, events, known)
        config = replace(known.config, policy=self.shown_policy or known.config.policy)
        parts = [
            recommend(config, known.knowledge, self.profiles[start : start + PIECE], known.seed)
            for start in range(0, len(self.profiles), PIECE)
        ]
        return np.concatenate(parts)

    def end_day(self, sessions: NDArray[np.int64], generation: int) -> None:
        """Fold the day, as a worker does."""
        del sessions
        quiet = Events.empty(self.recommender.config.slate_size)  # when nobody came
        events = Events.concat(self._events or [quiet])
        if self.guest is not None:
            self.guest.end_day(events, generation)
        self.recommender = folded(self.recommender, events, generation)
        self._events.clear()

    def late_rate(self, days: int) -> float:
        """ctr_late_expected: clicks expected per item shown, over the last third of the days."""
        late = [one for one in self.expected if one[0] >= first_late_day(days)]
        shown = sum(one[2] for one in late)
        return sum(one[1] for one in late) / shown if shown else float("nan")


def fair_share(done: MemoryRun, n_items: int) -> float:
    """Exposure of the items that came in mid-run, from their day on, over their share of the
    catalogue.
    """
    arrivals = done.recommender.arrivals
    if arrivals is None:
        return float("nan")
    shown = sum(n for day, _, n in done.expected if day >= arrivals.day)
    new = sum(n for day, n in done.arrived if day >= arrivals.day)
    return new / shown / (len(arrivals.items) / n_items) if shown else float("nan")


def folded(known: RunRecommender, events: Events, generation: int) -> RunRecommender:
    """The recommender after one more generation of whole sessions."""
    now = known.knowledge
    if POLICIES[known.config.policy].learns == "nothing":  # no fold can change its slates
        return known.after(generation, now)
    slates = read_slates(known, events)
    counts, popularity, learned = fold(known.config, now, *slates)
    new, taste = remember(known.config, now, *slates)
    knowledge = now.at(
        counts=now.counts.plus(counts),
        popularity=now.popularity.plus(popularity),
        learned=learned,
        history=now.history.plus(new, most=known.config.taste.slates),
        taste=taste,
    )
    return known.after(generation, knowledge)


def play_in_memory(
    shared: SharedWorld,
    policy: str,
    *,
    settings: dict[str, Any] | None = None,
    witness: Witness | None = None,
    record: Record | None = None,
    after_day: Callable[[int], None] = lambda _day: None,
    guest: SlateSource | None = None,
) -> MemoryRun:
    """Play one policy in memory, to its last day; record: keeps what happens. guest: whom the
    policy names, where it is not ours.
    """
    desk = MemoryRun(shared.recommender(policy, settings), record=record, guest=guest)
    play(
        shared.world,
        desk,
        days=shared.config["days"],
        policy=policy,
        seed=shared.config["seed"],
        after_day=after_day,
        arrivals=Arrivals.of(shared.config),
        witness=witness,
    )
    return desk


def gather(context: Context, resolved: Resolved) -> tuple[Pictures, NDArray[np.float32]]:
    """The pictures of a run's items and their vectors, float32 [n, dim]; those that lack one get it
    here.
    """
    config = resolved.config
    chosen = resolved.items
    embedder = EmbedderKey(config["model"], config["runtime"])
    hashes = [item.image for item in chosen]
    with read_transaction(context.engine) as conn:
        pixels = images.read(conn, hashes)
    return pictures_of(chosen, config["categories"], pixels), vectors(context, embedder, hashes)


BLIND = ("random", "popularity")
"""Policies whose slates depend on no vector."""


def gather_for_policy(context: Context, resolved: Resolved) -> tuple[Pictures, NDArray[np.float32]]:
    """The same, but where the run's policy sees no pictures the vectors are ones, float32 [n, 1],
    and nothing is embedded.
    """
    if resolved.config["policy"] not in BLIND:
        return gather(context, resolved)
    with read_transaction(context.engine) as conn:
        pixels = images.read(conn, [item.image for item in resolved.items])
    pictures = pictures_of(resolved.items, resolved.config["categories"], pixels)
    return pictures, np.ones((len(resolved.items), 1), np.float32)
