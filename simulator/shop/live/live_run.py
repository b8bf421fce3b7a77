"""A live run: a policy and a catalogue, and no simulated days; people are its shoppers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db import items, offers, runs, visits
from db.engine import read_transaction, write_transaction
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from db.offers import GONE, NO_CHANGE, OFFERED, Offer
from db.runs import FINISHED, Run
from simulator.catalogues import stored as catalogues
from simulator.catalogues.fashion_mnist import CLASS_NAMES
from simulator.installation.context import Context
from simulator.playing.experiment import fitted
from simulator.playing.plan import Plan, Resolved
from simulator.playing.simulate import prepare
from simulator.shop.live import stock
from simulator.shop.live.stock import first_items
from simulator.world.catalogue import prices
from simulator.world.presets import FASHION_CATEGORIES, from_settings
from workers.knowledge import LIVE, NOTHING_KNOWN

BROUGHT = "brought"
"""Split of pictures that visitors brought, where they stand between items; nobody sees them."""


@dataclass(frozen=True)
class LiveRun:
    """One live run as the web process keeps it: what does not change while it runs."""

    run: Run
    items: list[Item]
    """By item number: those for sale, those to search with; then what came in later, pictures
    that visitors brought among it.
    """
    price: NDArray[np.int64]
    """Cents [n_items], by item number."""
    inherited: int
    """The last generation that another run had learned; NOTHING_KNOWN: none."""
    change: int = NO_CHANGE
    """The last change of what is offered that is in here."""
    offers: Mapping[int, Offer] = field(default_factory=dict)
    """By item number what the changes made of it."""

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

    @property
    def n_first(self) -> int:
        """How many items there were at first, those to search with included."""
        return first_items(self.run)

    def state(self, number: int) -> str:
        """Whether an item is offered, withheld or gone."""
        return self.offers[number].state if number in self.offers else OFFERED

    def name(self, number: int) -> str:
        """What an item is called; empty for those without a name."""
        return self.offers[number].name if number in self.offers else ""

    @cached_property
    def is_offered(self) -> NDArray[np.bool_]:
        """Bool [n_items], by item number: whether it can be bought now."""
        found = np.array([one.split == CATALOGUE_SPLIT for one in self.items])
        for number, one in self.offers.items():
            found[number] &= one.state == OFFERED
        return found

    @cached_property
    def ever(self) -> dict[str, int]:
        """Item numbers by item id, also of what is gone; not of what a visitor brought."""
        return {
            one.item_id: number for number, one in enumerate(self.items) if one.split != BROUGHT
        }

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Item numbers by item id, of what can be asked for: withheld things too."""
        found = dict(self.ever)
        for number, one in self.offers.items():
            if one.state == GONE:
                del found[self.items[number].item_id]
        return found

    @cached_property
    def by_picture(self) -> dict[str, int]:
        """Item numbers by the sha256 of the picture."""
        return {one.image: number for number, one in reversed(list(enumerate(self.items)))}

    @cached_property
    def for_sale(self) -> dict[str, list[int]]:
        """The numbers of what is sold, by category."""
        found: dict[str, list[int]] = {}
        for number, one in enumerate(self.items):
            if self.is_offered[number]:
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
            stock.copy(conn, run)
    with read_transaction(context.engine) as conn:
        chosen = items.of_run(conn, run.number)[: len(resolved.items)]
        inherited = NOTHING_KNOWN
        if "from" in config:
            inherited = visits.latest_generation(conn, int(config["from"]["run"], 16))
        return restocked(conn, LiveRun(run, chosen, _prices(run, chosen), inherited))


def restocked(conn: Connection, live: LiveRun) -> LiveRun:
    """The same live run with what is offered now; itself when nothing has changed."""
    number = live.run.number
    change = offers.latest(conn, number)
    if change == live.change:
        return live
    changed = offers.of_run(conn, number, change)
    n_first = live.n_first
    wanted = max(changed) + 1 - n_first
    later = items.after(conn, number, n_first)[: max(0, wanted)]
    own = offers.catalogue_of(live.run.config)
    added = [one if place == own else one._replace(split=BROUGHT) for place, one in later]
    price = np.concatenate([live.price[:n_first], np.zeros(len(added), np.int64)])
    for one in changed.values():
        if one.price is not None:
            price[one.item] = one.price
    return replace(
        live, items=[*live.items[:n_first], *added], price=price, change=change, offers=changed
    )


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
