"""A live run: a policy and a catalogue, and no simulated days; people are its shoppers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db import items, runs, visits
from db.engine import read_transaction, write_transaction
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from db.runs import FINISHED, Run
from simulator.catalogues import stored as catalogues
from simulator.catalogues.fashion_mnist import CLASS_NAMES
from simulator.installation.context import Context
from simulator.playing.experiment import fitted
from simulator.playing.plan import Plan, Resolved
from simulator.playing.simulate import prepare
from simulator.world.catalogue import prices
from simulator.world.presets import FASHION_CATEGORIES, from_settings
from workers.knowledge import LIVE, NOTHING_KNOWN


@dataclass(frozen=True)
class LiveRun:
    """One live run as the web process keeps it: what does not change while it runs."""

    run: Run
    items: list[Item]
    """By item number: those for sale, then those to search with."""
    price: NDArray[np.int64]
    """Cents [n_items], by item number."""
    inherited: int
    """The last generation that another run had learned; NOTHING_KNOWN: none."""

    @property
    def policy(self) -> str:
        """Who ranks."""
        return str(self.run.config["policy"])

    @property
    def k(self) -> int:
        """Items on a slate."""
        return int(self.run.config["recommender"]["slate_size"])

    @property
    def known_shoppers(self) -> int:
        """How many simulated shoppers were there before: they are numbered from 0."""
        return int(self.run.config["from"]["shoppers"]) if "from" in self.run.config else 0

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Item numbers by item id."""
        return {one.item_id: number for number, one in enumerate(self.items)}

    @cached_property
    def by_picture(self) -> dict[str, int]:
        """Item numbers by the sha256 of the picture."""
        return {one.image: number for number, one in reversed(list(enumerate(self.items)))}

    @cached_property
    def for_sale(self) -> dict[str, list[int]]:
        """The numbers of what is sold, by category."""
        found: dict[str, list[int]] = {}
        for number, one in enumerate(self.items):
            if one.split == CATALOGUE_SPLIT:
                found.setdefault(one.category, []).append(number)
        return dict(sorted(found.items()))

    @cached_property
    def samples(self) -> list[int]:
        """The numbers of pictures to search with."""
        return [number for number, one in enumerate(self.items) if one.split == QUERY_SPLIT]


def base_of(context: Context, name: str | None) -> Run | None:
    """The finished run that live runs go on from: the one asked for, or the newest that learns."""
    with read_transaction(context.engine) as conn:
        if name is not None:
            return runs.read(conn, name)
        found = [
            one
            for one in runs.every(conn)
            if one.state == FINISHED and one.config["policy"] == "blend"
        ]
    return found[-1] if found else None


def live_config(resolved: Resolved, base: Run | None) -> dict[str, Any]:
    """The config of a live run; no simulated days, and whose knowledge it begins with."""
    config = {**resolved.config, "kind": LIVE, "days": 0, "shoppers": 0}
    config.pop("arrivals", None)
    if base is not None:
        config["from"] = {"run": base.id, "shoppers": base.config["shoppers"]}
    return config


def resolve_live(context: Context, policy: str, base: Run | None, plan: Plan) -> Resolved:
    """The items and the config of a live run: those of the run it goes on from, or a plan's."""
    if base is None:
        found = prepare(
            context, fitted(context, replace(plan, policy=policy), ["items", "queries"])
        )
        return replace(found, config=live_config(found, None))
    with read_transaction(context.engine) as conn:
        chosen = items.of_run(conn, base.number)
        own = _sibling(runs.every(conn), base, policy)
    recommender = {**base.config["recommender"], "policy": policy}
    config = {**base.config, "policy": policy, "recommender": recommender}
    resolved = Resolved(config, chosen)
    return replace(resolved, config=live_config(resolved, own))


def open_live(context: Context, resolved: Resolved) -> LiveRun:
    """The live run of a config, made if it is not there; it begins with what its base learned."""
    config = resolved.config
    with write_transaction(context.engine) as conn:
        is_new = runs.id_of(config) not in {one.id for one in runs.every(conn)}
        run = runs.open_run(conn, config)
        if is_new:
            items.assign(conn, run.number, config["catalogue"], resolved.items)
            if "from" in config:
                visits.inherit(conn, run.number, int(config["from"]["run"], 16))
    with read_transaction(context.engine) as conn:
        chosen = items.of_run(conn, run.number)[: len(resolved.items)]
        inherited = NOTHING_KNOWN
        if "from" in config:
            inherited = visits.latest_generation(conn, int(config["from"]["run"], 16))
    return LiveRun(run, chosen, _prices(run, chosen), inherited)


def _sibling(every: list[Run], base: Run, policy: str) -> Run | None:
    """The finished run that differs from a base in its policy alone."""
    same = ("data", "seed", "model", "runtime", "world", "items", "queries", "shoppers", "days")
    fitting = [
        one
        for one in every
        if one.state == FINISHED
        and one.config["policy"] == policy
        and all(one.config.get(name) == base.config.get(name) for name in same)
    ]
    return fitting[-1] if fitting else None


def _prices(run: Run, chosen: list[Item]) -> NDArray[np.int64]:
    """What everything costs: as given, else as this run's world draws it."""
    config = run.config
    names = config["categories"]
    first = 0 if names == list(CLASS_NAMES) else FASHION_CATEGORIES
    category = (catalogues.category_numbers(chosen, names) + first).astype(np.int64)
    cents, _ = prices(
        from_settings(config["world"]["settings"]),
        config["seed"],
        category,
        catalogues.image_keys(chosen),
        catalogues.prices(chosen),
    )
    return cents
