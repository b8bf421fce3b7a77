"""Operations: work and how long it waits, who works, what was given up, and what to do about it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from db import backlog, heartbeats, visits
from db.engine import read_transaction
from db.errors import WindowshopError
from simulator.operations import parked
from simulator.shop.opening import Premises
from simulator.shop.pages.render import page

router = APIRouter(include_in_schema=False)

MOST_PIECES = 200


@router.get("/ops")
def operations(request: Request) -> Response:
    """What there is to know about this installation at work."""
    return page(request, "ops.html.j2", **_now(request))


@router.get("/ops/now")
def now(request: Request) -> Response:
    """The part that changes."""
    return page(request, "parts/ops.html.j2", **_now(request))


@router.post("/ops/work")
def settle(
    request: Request, deed: str = Form(max_length=8), work: int = Form(ge=1, le=2**31 - 1)
) -> Response:
    """Try parked work again, or drop it."""
    shop: Premises = request.app.state.shop
    try:
        if deed == "retry":
            shop.workforce.ring(parked.retry(shop.context, [work], every=False))
        elif deed == "drop":
            parked.drop(shop.context, [work], every=False)
    except WindowshopError:
        pass  # somebody else was quicker: the page shows how it stands
    return RedirectResponse("/ops", 303)


def _now(request: Request) -> dict[str, Any]:
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        piles = backlog.piles(conn)
        pieces = backlog.pieces(conn, "parked")[:MOST_PIECES]
        processes = heartbeats.every(conn)
        lives = [
            (
                one,
                visits.latest_generation(conn, one.run.number),
                visits.count(conn, one.run.number),
            )
            for one in shop.lives()
        ]
    return {
        "piles": piles,
        "pieces": pieces,
        "processes": processes,
        "lives": lives,
        "stages": request.app.state.metrics.slowest(),
        "is_open": shop.state == "open",
    }
