"""POST /events: what happened to a slate, told by a program, each event once by its id."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from db.errors import DataError, DependencyError, WindowshopError
from simulator.shop.api.schemas import EventGiven, Received
from simulator.shop.api.searches import PROBLEMS
from simulator.shop.live.asking import Ticket
from simulator.shop.live.receiving import receive
from simulator.shop.opening import Premises

router = APIRouter(tags=["events"])

MOST_LINES = 10_000
MOST_NAMED = 1_000
_EXAMPLE = {"event_id": "order-77-1", "kind": "click", "search": "0123456789ab-1f-0", "position": 2}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": EventGiven.model_json_schema(),
                "example": _EXAMPLE,
            },
            "application/x-ndjson": {"schema": {"type": "string"}, "example": json.dumps(_EXAMPLE)},
        },
    }
}


@router.post("/events", response_model=Received, responses=PROBLEMS, openapi_extra=_BODY)
async def events(request: Request) -> Any:
    """Take one event (JSON) or many (JSON lines): clicks, carts, purchases, leaving.

    An event that was sent before under the same `event_id` counts once. A line that is refused is
    named with its reason; the others are taken.
    """
    shop: Premises = request.app.state.shop
    content = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"application/x-ndjson", "application/jsonl", "application/x-jsonlines"}:
        lines = content.split(b"\n")
        if len(lines) > MOST_LINES + 1:
            raise DataError(f"wanted at most {MOST_LINES:,} lines, found {len(lines):,}")
        return await run_in_threadpool(_many, shop, lines)
    return await run_in_threadpool(_one, shop, content)


def _one(shop: Premises, content: bytes) -> dict[str, Any]:
    is_new = _take(shop, content)
    return {"accepted": int(is_new), "duplicates": int(not is_new), "refused": []}


def _many(shop: Premises, lines: list[bytes]) -> dict[str, Any]:
    accepted = 0
    duplicates = 0
    refused: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            is_new = _take(shop, line)
        except DependencyError:
            raise  # nothing is wrong with the line: send all again, what was taken counts once
        except WindowshopError as error:
            refused.append({"line": number, "reason": str(error)})
        else:
            accepted += is_new
            duplicates += not is_new
    return {"accepted": accepted, "duplicates": duplicates, "refused": refused[:MOST_NAMED]}


def _take(shop: Premises, content: bytes) -> bool:
    """Take one event; False when it was there. Raises what is wrong with it."""
    try:
        given = EventGiven.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{where}: {first['msg']}".removeprefix(": ")) from None
    ticket = Ticket.of(given.search)
    live = shop.live_of(ticket.run)
    return receive(
        shop.acts(live),
        ticket,
        given.kind,
        event_id=given.event_id,
        position=given.position,
        dwell=given.dwell,
    )
