"""GET items, neighbours, runs and shoppers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from db import event_log, runs
from db.engine import read_transaction
from db.errors import NotFoundError, UsageError
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT
from db.offers import OFFERED, WITHHELD
from db.runs import FINISHED, Run
from simulator.report.numbers.comparison import to_json
from simulator.shop.api.schemas import (
    ItemAwaited,
    NeighboursShown,
    Page,
    Product,
    RunShown,
    ShopperShown,
)
from simulator.shop.api.searches import PROBLEMS
from simulator.shop.live import neighbours as beside
from simulator.shop.live.live_run import LiveRun
from simulator.shop.measuring.studies import measured
from simulator.shop.opening import Premises

router = APIRouter(responses=PROBLEMS)
PAGE = 50


def product(live: LiveRun, number: int) -> dict[str, Any]:
    """An item as the API shows it."""
    one = live.items[number]
    return {
        "item": one.item_id,
        "name": live.name(number),
        "category": one.category,
        "price": int(live.price[number]) / 100,
        "split": one.split,
        "available": bool(live.is_offered[number]),
        "picture": f"/pictures/{one.image}",
    }


def numbered(live: LiveRun, item_id: str) -> int:
    """The number of an item; NotFoundError when there is none of that id."""
    if item_id not in live.numbers:
        raise NotFoundError(f"no item {item_id[:80]!r}; GET /api/v1/items lists them")
    return live.numbers[item_id]


@router.get("/items", response_model=Page, tags=["items"])
def items(
    request: Request,
    category: str | None = Query(None, max_length=128),
    page: int = Query(1, ge=1, le=100_000),
    split: str = Query(CATALOGUE_SPLIT, pattern="^(catalogue|query)$"),
    available: bool = True,
) -> Any:
    """What is sold (or, with split=query, what to search with), 50 a page; with available=false,
    what is withheld.
    """
    shop: Premises = request.app.state.shop
    live = shop.live()
    chosen = [
        number
        for number, one in enumerate(live.items)
        if one.split == split
        and category in {None, one.category}
        and (split == QUERY_SPLIT or live.state(number) == (OFFERED if available else WITHHELD))
    ]
    first = (page - 1) * PAGE
    return {
        "items": [product(live, number) for number in chosen[first : first + PAGE]],
        "page": page,
        "pages": max(1, -(-len(chosen) // PAGE)),
        "total": len(chosen),
    }


@router.get(
    "/items/{item}",
    response_model=Product,
    responses={202: {"model": ItemAwaited, "description": "Added, and not embedded yet"}},
    tags=["items"],
)
def item(request: Request, item: str) -> Any:
    """One item."""
    shop: Premises = request.app.state.shop
    if shop.stocking().is_awaited(item):
        return JSONResponse(ItemAwaited(item=item).model_dump(), 202)
    live = shop.live()
    return product(live, numbered(live, item))


@router.get("/items/{item}/neighbours", response_model=NeighboursShown, tags=["items"])
def neighbours(request: Request, item: str, k: int = Query(10, ge=1, le=100)) -> Any:
    """What looks like an item, and what was clicked beside it, nearest first."""
    shop: Premises = request.app.state.shop
    live = shop.live()
    number = numbered(live, item)
    found = beside.of(shop.engine, live, shop.vectors(live), number, k)
    return {
        "visual": [
            {**_short(live, one.number), "cosine": round(one.cosine, 6)} for one in found.visual
        ],
        "behavioural": [
            {**_short(live, one.number), "clicked": one.clicked, "seen": one.seen}
            for one in found.behavioural
        ],
    }


@router.get("/runs", response_model=list[RunShown], response_model_exclude_none=True, tags=["runs"])
def every_run(request: Request) -> Any:
    """All runs of this database, the newest last."""
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        return [shown(one) for one in runs.every(conn)]


@router.get("/runs/{run}", response_model=RunShown, tags=["runs"])
def one_run(request: Request, run: str) -> Any:
    """One run with its whole config."""
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        found = runs.read(conn, run)
    return {**shown(found), "config": found.config}


@router.get("/runs/{run}/metrics", tags=["runs"])
def metrics(request: Request, run: str) -> Any:
    """The measures of a finished run, as its `metrics.json` has them."""
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        found = runs.read(conn, run)
    if found.state != FINISHED:
        raise NotFoundError(f"run {found.id} is {found.state}: it has no measures yet")
    return to_json(measured(shop.context, (found.id,)))


@router.get("/shoppers/{number}", response_model=ShopperShown, tags=["shoppers"])
def shopper(request: Request, number: int, run: str | None = Query(None, max_length=12)) -> Any:
    """How often a shopper came and what she did, in a run."""
    shop: Premises = request.app.state.shop
    if not 0 <= number < 2**31:
        raise UsageError(f"shoppers are numbered from 0 to 2^31 - 1, found {number}")
    live = shop.live()
    with read_transaction(shop.engine) as conn:
        of = runs.read(conn, run) if run else live.run
        found = event_log.of_shopper(conn, of.number, number)
    if not found:
        raise NotFoundError(f"shopper {number} has done nothing in run {of.id}")
    return {
        "shopper": number,
        "run": of.id,
        "sessions": len({session for session, _ in found}),
        "events": _counted(found),
    }


def shown(run: Run) -> dict[str, Any]:
    """A run as lists show it."""
    names = ("policy", "seed", "days", "shoppers", "items")
    return {
        "run": run.id,
        "kind": run.config.get("kind", "simulated"),
        "state": run.state,
        **{name: run.config[name] for name in names},
    }


def _short(live: LiveRun, number: int) -> dict[str, Any]:
    return {"item": live.items[number].item_id, "category": live.items[number].category}


def _counted(found: list[tuple[int, str]]) -> dict[str, int]:
    kinds = [kind for _, kind in found]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
