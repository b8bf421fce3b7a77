"""One item with all that stands beside it, and one shopper with all she saw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from fastapi import APIRouter, Request, Response

from db import event_log, runs
from db.engine import read_transaction
from db.errors import NotFoundError
from db.events import Events, Kind
from db.items import QUERY_SPLIT
from simulator.shop.live import neighbours
from simulator.shop.live.live_run import BROUGHT, LiveRun
from simulator.shop.measuring.insight import Leaving, SlateActs
from simulator.shop.opening import Premises
from simulator.shop.pages.render import page, policy_of, who

router = APIRouter(include_in_schema=False)

BESIDE = 12
VISITS = 12
LATEST = 10
"""Events of an item, and generations, that its page tells of."""


@dataclass(frozen=True)
class SeenSlate:
    """A slate that a shopper saw: item numbers, and which of them she acted on."""

    query: int
    kind: str
    shown: list[int]
    clicked: set[int]
    carted: set[int]
    bought: set[int]

    @property
    def acts(self) -> SlateActs:
        """How many of each."""
        return SlateActs(len(self.clicked), len(self.carted), len(self.bought))


@dataclass(frozen=True)
class SeenVisit:
    """One visit of a shopper: its slates in order."""

    session: int
    day: int
    slates: list[SeenSlate]
    leaving: Leaving | None = None
    """Why it ended, where the judge knows."""


@router.get("/items/{item_id}")
def item(request: Request, item_id: str) -> Response:
    """Everything about an item."""
    shop: Premises = request.app.state.shop
    live = shop.live(policy_of(request, shop))
    if item_id not in live.numbers:
        raise NotFoundError(f"no item {item_id[:80]!r} in this shop")
    number = live.numbers[item_id]
    beside = neighbours.of(shop.engine, live, shop.vectors(live), number, BESIDE)
    with read_transaction(shop.engine) as conn:
        here = event_log.about_item(conn, live.run.number, number)
        base = live.run.config.get("from")
        before = event_log.about_item(conn, int(base["run"], 16), number) if base else {}
        latest = event_log.latest_about_item(conn, live.run.number, number, LATEST)
        began = runs.created(conn, live.run.number)
    return page(
        request,
        "item.html.j2",
        **who(request, shop),
        item=live.items[number],
        price=int(live.price[number]),
        name=live.name(number),
        is_offered=live.is_offered[number] or live.items[number].split == QUERY_SPLIT,
        items=live.items,
        beside=beside,
        counts=[(kind.name.lower(), here.get(kind, 0), before.get(kind, 0)) for kind in TOLD],
        base=base,
        latest=[(one, began + one.at / 1000) for one in latest],
        most_learned=LATEST,
    )


TOLD = (Kind.SEARCH, Kind.VIEW, Kind.CLICK, Kind.CART, Kind.PURCHASE)


@router.get("/shoppers/{number}")
def shopper(request: Request, number: int) -> Response:
    """A shopper's visits, newest first: in the live run, and for simulated ones before it."""
    shop: Premises = request.app.state.shop
    live = shop.live(policy_of(request, shop))
    if not 0 <= number < 2**31:
        raise NotFoundError(f"no shopper {number}")
    is_simulated = number < live.known_shoppers
    with read_transaction(shop.engine) as conn:
        here = event_log.read_shopper(conn, live.run.number, number, k=live.k)
        found = visits_of(here, days=None)
        if is_simulated:
            base = runs.read(conn, live.run.config["from"]["run"])
            before = event_log.read_shopper(conn, base.number, number, k=live.k)
            found += visits_of(before, days=base.config["shoppers"])
    if not found:
        raise NotFoundError(f"shopper {number} has not been here")
    belief = shop.insight.belief(live, number)
    return page(
        request,
        "shopper.html.j2",
        **{**who(request, shop), "shopper": number},
        is_simulated=is_simulated,
        belief=belief,
        judged=shop.insight.judged(live, number, belief) if is_simulated else None,
        reasons=REASONS,
        visits=[_explained(shop, live, number, one) for one in found[:VISITS]],
        total=len(found),
        items=_Named(live),
        favourites=_favourites(live, found),
    )


REASONS = {
    "base": "that a visit of average patience ends at any slate",
    "patience": "her own patience",
    "joy": "what the visit gave her so far",
    "bad slate": "nothing clicked on the last list",
    "bought": "she has bought what she came for",
}
"""Why a visit ends, in the words of the shop; pages translate them."""


def _explained(shop: Premises, live: LiveRun, number: int, visit: SeenVisit) -> SeenVisit:
    """With why she left, of simulated days: the judge played no others."""
    if visit.day < 0 or not visit.slates:
        return visit
    acts = [one.acts for one in visit.slates]
    return replace(visit, leaving=shop.insight.leaving(live, number, acts))


def visits_of(events: Events, *, days: int | None) -> list[SeenVisit]:
    """A shopper's visits, newest first; days: simulated shoppers, by whom a session tells its
    day.
    """
    rows = events.rows
    found: list[SeenVisit] = []
    for session in np.unique(rows["session"]):
        mine = rows[rows["session"] == session]
        impressions = rows["kind"] == Kind.IMPRESSION
        of_mine = events.shown[rows["session"][impressions] == session]
        steps = mine["step"][mine["kind"] == Kind.IMPRESSION]
        slates = [
            _slate(mine, int(step), shown) for step, shown in zip(steps, of_mine, strict=True)
        ]
        day = int(session) // days if days else -1
        found.append(SeenVisit(int(session), day, slates))
    return sorted(found, key=lambda one: -one.session)


def _slate(rows: np.ndarray, step: int, shown: np.ndarray) -> SeenSlate:
    at = rows[rows["step"] == step]
    asked = at[np.isin(at["kind"], [Kind.SEARCH, Kind.VIEW])]
    return SeenSlate(
        query=int(asked["query"][0]) if len(asked) else -1,
        kind=Kind(int(asked["kind"][0])).name.lower() if len(asked) else "search",
        shown=[int(one) for one in shown if one >= 0],
        clicked={int(one) for one in at["item"][at["kind"] == Kind.CLICK]},
        carted={int(one) for one in at["item"][at["kind"] == Kind.CART]},
        bought={int(one) for one in at["item"][at["kind"] == Kind.PURCHASE]},
    )


class _Named:
    """Items by number, also those that were brought."""

    def __init__(self, live: LiveRun) -> None:
        self._live = live

    def __getitem__(self, number: int) -> object:
        if not 0 <= number < len(self._live.items):
            return None
        found = self._live.items[number]
        return None if found.split == BROUGHT else found


def _favourites(live: LiveRun, found: list[SeenVisit]) -> list[tuple[str, int]]:
    """Categories by clicks."""
    counts: dict[str, int] = {}
    for visit in found:
        for slate in visit.slates:
            for number in slate.clicked:
                category = live.items[number].category
                counts[category] = counts.get(category, 0) + 1
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:6]
