"""GET /stream/{run}: server-sent events of one run, a sample a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent

from db import runs
from db.engine import read_transaction
from simulator.shop.opening import Premises

router = APIRouter(tags=["runs"])

LOOK_SECONDS = 0.25


@router.get("/stream/{run}", response_class=EventSourceResponse)
async def stream(
    request: Request, run: str, last_event_id: Annotated[str | None, Header()] = None
) -> AsyncIterator[ServerSentEvent]:
    """How a live or running run stands, second by second; `Last-Event-ID` goes on where a
    connection broke.
    """
    shop: Premises = request.app.state.shop
    await run_in_threadpool(_require, shop, run)
    seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else 0
    while not shop.is_closing:
        for sample in shop.sampler.after(seen):
            seen = sample.number
            for one in sample.runs:
                if one.run == run:
                    yield ServerSentEvent(
                        data={"at": sample.at, **vars(one)}, id=str(seen), event="sample"
                    )
        await asyncio.sleep(LOOK_SECONDS)


def _require(shop: Premises, run: str) -> None:
    """NotFoundError when there is no such run."""
    with read_transaction(shop.engine) as conn:
        runs.read(conn, run)
