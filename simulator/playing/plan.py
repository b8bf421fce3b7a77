"""What makes a run the run it is: the config whose hash is its id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from db.errors import NotFoundError, UsageError
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from db.nearest import nearest
from recommender.config import RecommenderConfig
from recommender.registry import POLICY_NAMES
from simulator.catalogues import stored as catalogues
from simulator.guests.admitted import Admitted
from simulator.world.draws import Purpose, uniform
from simulator.world.presets import arriving, named, plain, preset_hash, to_settings
from workers.guests.address import FORMS, is_guest, parse

SCHEMA = 1

FILLING = "random"
"""Fills what a guest leaves open."""

LARGEST = {"days": 10_000, "shoppers": 10_000_000, "slates": 1_000, "seed": 2**32 - 1}
"""Beyond these the numbers of sessions, steps and draws would not fit where they are kept."""


@dataclass(frozen=True)
class Plan:
    """What somebody asks for: the sizes of a run, its world and its policy."""

    policy: str = "blend"  # a name of ours, or how a recommender of one's own is named
    seed: int = 1
    days: int = 8
    shoppers: int = 3000
    items: int = 1000
    queries: int = 300
    slates: int = 3  # a session asks for at most so many
    world: str = "mixed"
    catalogue: str = catalogues.FASHION_MNIST

    def __post_init__(self) -> None:
        """Raise UsageError for what cannot be played, naming what can."""
        if is_guest(self.policy):
            parse(self.policy)
        elif self.policy not in POLICY_NAMES:
            hint = nearest(self.policy, POLICY_NAMES)
            raise NotFoundError(
                f"no policy {self.policy!r}; {hint}choose one of {', '.join(POLICY_NAMES)},"
                f" or name your own: {FORMS}"
            )
        try:
            object.__setattr__(self, "world", plain(self.world))  # the run must not need the file
            named(self.world)
            comes = arriving(self.world)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if comes and comes[1] >= self.days:
            raise UsageError(
                f"new_day {comes[1]} is after the last of {self.days} days, counted from 0"
            )
        smallest = {"days": 1, "shoppers": 1, "items": 10, "queries": 1, "slates": 1, "seed": 0}
        for name, least in smallest.items():
            if getattr(self, name) < least:
                raise UsageError(f"--{name} must be at least {least}, found {getattr(self, name)}")
        for name, most in LARGEST.items():
            if getattr(self, name) > most:
                raise UsageError(f"--{name} must be at most {most}, found {getattr(self, name)}")


@dataclass(frozen=True)
class Resolved:
    """A plan with everything it depends on: the config, and the items in the order of their
    numbers.
    """

    config: dict[str, Any]
    items: list[Item]
    guest: Admitted | None = None
    """Whose recommender it is, where it is not ours."""


@dataclass(frozen=True)
class Chosen:
    """What a run of some sizes and seed takes of its catalogue, whatever its policy is."""

    items: list[Item]
    queries: list[Item]
    categories: list[str]
    digest: str


def choose(plan: Plan, stored: Sequence[Item]) -> Chosen:
    """The items and queries of a plan, drawn by its seed; UsageError where there are too few."""
    chosen = catalogues.pick(stored, CATALOGUE_SPLIT, plan.items, seed=plan.seed)
    queries = catalogues.pick(stored, QUERY_SPLIT, plan.queries, seed=plan.seed)
    names = catalogues.category_names(plan.catalogue, stored)
    return Chosen(chosen, queries, names, catalogues.digest([*chosen, *queries]))


def resolve(
    plan: Plan,
    stored: Sequence[Item],
    *,
    model: str,
    runtime: str,
    index: str = "exact",
    guest: Admitted | None = None,
    chosen: Chosen | None = None,
) -> Resolved:
    """The canonical config of a plan on a catalogue as it is stored.

    guest: the one that the plan's policy names; FILLING stands where our own policy would.
    chosen: what `choose` gave for these sizes and this seed, where that is known.
    """
    picked = chosen or choose(plan, stored)
    world = named(plan.world)
    recommender = RecommenderConfig(policy=FILLING if guest else plan.policy, index=index)
    config = {
        "schema": SCHEMA,
        **asdict(plan),
        "world": {
            "preset": plan.world,
            "sha256": preset_hash(world),
            "settings": to_settings(world),
        },
        "recommender": json.loads(recommender.to_json()),
        "categories": picked.categories,
        "data": picked.digest,
        "model": model,
        "runtime": runtime,
    }
    if guest:
        config |= {"policy": guest.guest.name, "guest": guest.guest.identity()}
    if comes := arriving(plan.world):
        config["arrivals"] = {
            "day": comes[1],
            "items": _new_items(picked.items, comes[0], seed=plan.seed),
        }
    return Resolved(config, [*picked.items, *picked.queries], guest)


def _new_items(chosen: Sequence[Item], share: float, *, seed: int) -> list[int]:
    """The numbers of the catalogue items that come later: an addressed draw, at least one, not
    all.
    """
    draw = uniform(seed, Purpose.ARRIVAL, catalogues.image_keys(chosen))
    n = min(max(1, round(share * len(chosen))), len(chosen) - 1)
    return sorted(int(number) for number in np.argsort(draw, kind="stable")[:n])
