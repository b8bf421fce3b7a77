"""The live page: how things stand, second by second, over one stream a tab."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Form, Header, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from simulator.shop.live.sampler import Sample
from simulator.shop.opening import Premises
from simulator.shop.pages.render import page

router = APIRouter(include_in_schema=False)

LOOK_SECONDS = 0.25
QUIET_LOOKS = 40
WIDTH = 720.0
HEIGHT = 120.0


@dataclass(frozen=True)
class Curve:
    """Events a second over the last minutes, as the points of an SVG polyline."""

    line: str
    most: float
    now: float


@router.get("/live")
def live(request: Request) -> Response:
    """How things stand."""
    shop: Premises = request.app.state.shop
    shop.sampler.after(0)
    return page(request, "live.html.j2", **now_of(shop))


@router.get("/live/now")
def now(request: Request) -> Response:
    """The part that changes, once: for a browser without a stream."""
    return page(request, "parts/live.html.j2", **now_of(request.app.state.shop))


@router.get("/live/stream", response_class=EventSourceResponse)
async def stream(
    request: Request,
    after: int = Query(0, ge=0),
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """The part that changes, each time it does; after a break the browser says what it had."""
    shop: Premises = request.app.state.shop
    seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else after
    quiet = 0
    while not shop.is_closing:
        fresh = shop.sampler.after(seen)
        if fresh:
            seen = fresh[-1].number
            quiet = 0
            html = page(request, "parts/live.html.j2", **now_of(shop)).body
            yield ServerSentEvent(
                raw_data=bytes(html).decode().replace("\n", " "), id=str(seen), event="now"
            )
        elif (quiet := quiet + 1) % QUIET_LOOKS == 0:
            yield ServerSentEvent(comment="still here")
        await asyncio.sleep(LOOK_SECONDS)


@router.post("/live/crowd")
def crowd(request: Request, deed: str = Form(max_length=8)) -> Response:
    """Pause, go on, or stop the simulated shoppers."""
    shop: Premises = request.app.state.shop
    if shop.crowd is not None:
        if deed == "pause":
            shop.crowd.paused.set()
        elif deed == "go on":
            shop.crowd.paused.clear()
        elif deed == "stop":
            shop.crowd.stop()
    return RedirectResponse("/live", 303)


def now_of(shop: Premises) -> dict[str, Any]:
    """Everything that the page shows."""
    kept = shop.sampler.kept()
    crowd = shop.crowd
    return {
        "sample": kept[-1] if kept else None,
        "curve": curve(kept),
        "recent": list(shop.recent)[::-1],
        "crowd": crowd,
        "width": WIDTH,
        "height": HEIGHT,
    }


def curve(kept: list[Sample]) -> Curve:
    """The rates between samples; a run that came or went between two makes no step."""
    rates: list[tuple[float, float]] = []
    for before, after in pairwise(kept):
        known = {one.run: one.events for one in before.runs}
        more = sum(max(0, one.events - known.get(one.run, one.events)) for one in after.runs)
        rates.append((after.at, more / max(0.2, after.at - before.at)))
    if not rates:
        return Curve("", 0.0, 0.0)
    most = max(rate for _, rate in rates)
    top = max(1.0, most)  # or a single event in minutes would fill the picture
    end = rates[-1][0]
    points = [
        (WIDTH * max(0.0, 1 - (end - at) / 180.0), HEIGHT - 4 - (HEIGHT - 14) * rate / top)
        for at, rate in rates
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    last = rates[-3:]
    return Curve(line, most, sum(rate for _, rate in last) / len(last))
