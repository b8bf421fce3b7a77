"""POST /searches: a picture or an item in, a slate out, or a promise of one."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from db.errors import DataError, NotFoundError, UsageError
from db.events import Kind
from simulator.catalogues.pictures import Photo
from simulator.shop.api.schemas import LONGEST_WAIT, MOST_K, SLATE_K, Searched, SearchWanted
from simulator.shop.live.asking import Ticket
from simulator.shop.live.live_run import LiveRun
from simulator.shop.longer import LongList, listed
from simulator.shop.opening import Premises
from simulator.shop.web.cookies import recognised
from simulator.shop.web.guards import MOST_BYTES

router = APIRouter(tags=["searches"])

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "What was asked for cannot be: RFC 9457 problem"},
    404: {"description": "No such item, run or policy: RFC 9457 problem"},
    413: {"description": "Larger than 5 MB: RFC 9457 problem"},
    422: {"description": "Not a picture, or a field that does not fit: RFC 9457 problem"},
    503: {"description": "Behind, or a dependency is away: Retry-After says when"},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": SearchWanted.model_json_schema(),
                "example": {"item": "train-00042", "wait": 2},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {
                        "image": {"type": "string", "format": "binary"},
                        "k": {"type": "integer", "minimum": 1, "maximum": MOST_K},
                        "policy": {"type": "string"},
                        "run": {"type": "string"},
                        "wait": {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT},
                    },
                }
            },
        },
    }
}


@router.post(
    "/searches",
    response_model=Searched,
    responses={202: {"model": Searched, "description": "Not ranked yet: see Location"}, **PROBLEMS},
    openapi_extra=_BODY,
)
async def search(request: Request, response: Response) -> Any:
    """Search with an item (JSON) or with a picture of your own (multipart, field `image`).

    200 with the slate when it comes within `wait` seconds, else 202 with a Location to fetch it
    from.
    """
    shop: Premises = request.app.state.shop
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=8) as form:
            upload = form.get("image")
            if not isinstance(upload, UploadFile):
                raise UsageError("a form with a file in the field image was wanted; none is in it")
            content = await upload.read()
            name = (upload.filename or "picture")[:80]
            rest = {key: value for key, value in form.items() if key != "image"}
        wanted = _wanted({"item": "-", **rest})
        return await run_in_threadpool(
            _search, shop, request, response, wanted, Brought(name, content)
        )
    wanted = _wanted(await _json(request))
    return await run_in_threadpool(_search, shop, request, response, wanted, None)


@router.get(
    "/recommendations/{search}",
    response_model=Searched,
    responses={202: {"model": Searched}, **PROBLEMS},
)
def recommendation(
    request: Request,
    response: Response,
    search: str,
    wait: float = 0.0,
    k: int = Query(SLATE_K, ge=1, le=MOST_K),
) -> Any:
    """The slate of a search that was promised; 202 while it is not there."""
    if not 0 <= wait <= LONGEST_WAIT:
        raise UsageError(f"wait must be between 0 and {LONGEST_WAIT:g} seconds, found {wait}")
    shop: Premises = request.app.state.shop
    ticket = Ticket.of(search)
    live = shop.live_of(ticket.run)
    return _told(shop, live, ticket, response, k=k, wait=wait)


class Brought:
    """A picture that somebody brought, not decoded yet."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.content = content

    def read(self, shop: Premises) -> Photo:
        """Decode it, in the process without rights; DataError for what is no picture."""
        if len(self.content) > MOST_BYTES:
            raise DataError(f"{self.name}: wanted at most 5 MB; save it smaller")
        with shop.decoding:
            return shop.decoder.understand(self.name, self.content)


def _search(
    shop: Premises,
    request: Request,
    response: Response,
    wanted: SearchWanted,
    brought: Brought | None,
) -> dict[str, Any]:
    live = shop.live_of(wanted.run) if wanted.run else shop.live(wanted.policy)
    shop.pressure.refuse_when_behind()
    visitor = recognised(request, response, live)
    counter = shop.enquiries(live)
    if brought is not None:
        ticket = counter.ask_with_picture(visitor, brought.read(shop).canonical)
    else:
        number = live.numbers.get(wanted.item)
        if number is None:
            raise NotFoundError(f"no item {wanted.item!r}; GET /api/v1/items lists them")
        ticket = counter.ask(visitor, number, Kind.SEARCH)
    return _told(shop, live, ticket, response, k=wanted.k, wait=wanted.wait)


def _told(
    shop: Premises, live: LiveRun, ticket: Ticket, response: Response, *, k: int, wait: float
) -> dict[str, Any]:
    told = listed(shop.enquiries(live), ticket, k, wait)
    found: dict[str, Any] = {
        "search": str(ticket),
        "state": "done" if told.is_whole else "waiting",
        "run": live.run.id,
        "policy": live.policy,
        "query": "",
    }
    if not told.is_whole:
        more = "" if k == SLATE_K else f"?k={k}"
        response.status_code = 202
        response.headers["Location"] = f"/api/v1/recommendations/{ticket}{more}"
        return found
    return {**found, **_shown(shop, live, told, k)}


def _shown(shop: Premises, live: LiveRun, told: LongList, k: int) -> dict[str, Any]:
    first = told.slates[0]
    shown = told.items(
        lambda slate: shop.shown(live, slate) if slate is first else shop.cards_of(live, slate), k
    )
    return {
        "query": shop.acts(live).item(first.query).item_id,
        "generation": first.generation,
        "items": [one.to_json(one.price / 100) for one in shown],
    }


def _wanted(given: Any) -> SearchWanted:
    try:
        return SearchWanted.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise DataError(f"{where}: {first['msg']}") from None


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except (ValueError, RecursionError):
        raise DataError(
            'wanted JSON like {"item": "train-00042"}, or a form with an image'
        ) from None
