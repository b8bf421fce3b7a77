"""What machines ask: is it alive, is it ready, and how is it doing."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from db import heartbeats
from db.engine import read_transaction
from db.errors import WindowshopError
from simulator.shop.opening import OPEN, Premises
from simulator.shop.web.errors import problem

router = APIRouter(tags=["probes"])


@router.get("/healthz", response_class=PlainTextResponse)
def alive() -> str:
    """Whether this process answers."""
    return "ok\n"


@router.get(
    "/readyz", response_class=PlainTextResponse, responses={503: {"description": "Not ready"}}
)
def ready(request: Request) -> Response:
    """The shop is open, the database answers and a worker lives."""
    shop: Premises = request.app.state.shop
    if shop.state != OPEN:
        return problem(503, shop.said or "the shop is opening", "/readyz")
    try:
        with read_transaction(shop.engine) as conn:
            working = [
                one
                for one in heartbeats.every(conn)
                if one.kind == heartbeats.WORKER and not one.is_silent
            ]
    except WindowshopError as error:
        return problem(503, str(error), "/readyz")
    if not working:
        return problem(503, "no worker lives; `windowshop worker` starts one", "/readyz")
    return PlainTextResponse(f"ok, {len(working)} workers\n")


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """For Prometheus: backlog, heartbeats, and the requests of this process."""
    found: bytes = request.app.state.metrics.read()
    return Response(found, media_type="text/plain; version=0.0.4; charset=utf-8")
