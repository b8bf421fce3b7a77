"""POST, PATCH and DELETE of items: what comes into the shop is live at once, what goes is gone."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from db.errors import DataError, UsageError
from simulator.shop.api.schemas import (
    ITEM_ID,
    LONGEST_WAIT,
    MOST_NAME,
    MOST_PRICE,
    ItemAdded,
    ItemAwaited,
    ItemChange,
    Product,
)
from simulator.shop.api.searches import PROBLEMS, Brought
from simulator.shop.api.things import numbered, product
from simulator.shop.live.stock import Change, NewItem
from simulator.shop.opening import Premises

router = APIRouter(tags=["items"], responses=PROBLEMS)

CENTS = 100
_TAKEN: dict[int | str, dict[str, Any]] = {
    409: {"description": "The shop has, or had, an item of that id: RFC 9457 problem"}
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image", "category", "price"],
                    "properties": {
                        "image": {"type": "string", "format": "binary"},
                        "category": {"type": "string", "minLength": 1, "maxLength": 128},
                        "price": {"type": "number", "minimum": 0.01, "maximum": MOST_PRICE},
                        "name": {"type": "string", "maxLength": MOST_NAME},
                        "item": {"type": "string", "pattern": ITEM_ID},
                        "wait": {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT},
                    },
                },
                "example": {
                    "image": "@tote.jpg",
                    "category": "Bag",
                    "price": 49.9,
                    "name": "Canvas tote",
                    "item": "tote-1",
                },
            }
        },
    }
}


@router.post(
    "/items",
    status_code=201,
    response_model=Product,
    responses={202: {"model": ItemAwaited, "description": "Not embedded yet"}, **_TAKEN},
    openapi_extra=_BODY,
)
async def add(request: Request, response: Response) -> Any:
    """Add an item with its picture. As soon as a worker has embedded it, it stands in neighbours
    and on slates; nothing is trained or started again.

    201 when that comes within `wait` seconds, else 202; the Location says how it stands.
    """
    shop: Premises = request.app.state.shop
    await run_in_threadpool(shop.pressure.refuse_when_behind)
    async with request.form(max_files=1, max_fields=8) as form:
        upload = form.get("image")
        if not isinstance(upload, UploadFile):
            raise UsageError("a form with a file in the field image was wanted; none is in it")
        content = await upload.read()
        name = (upload.filename or "picture")[:80]
        wanted = _wanted({key: value for key, value in form.items() if key != "image"})
    return await run_in_threadpool(_add, shop, response, wanted, Brought(name, content))


@router.patch(
    "/items/{item}",
    response_model=Product,
    openapi_extra={
        "requestBody": {
            "content": {"application/json": {"example": {"price": 39.9, "available": False}}}
        }
    },
)
def change(request: Request, item: str, wanted: ItemChange) -> Any:
    """Change price, name or availability. What is not available stands on no slate from the next
    search on; slates that were shown before, and their events, stay as they are.
    """
    shop: Premises = request.app.state.shop
    if not wanted.model_fields_set:
        raise DataError("a change of price, available or name was wanted; none is in it")
    price = None if wanted.price is None else round(wanted.price * CENTS)
    shop.stocking().change(item, Change(price, wanted.available, wanted.name))
    live = shop.live()
    return product(live, numbered(live, item))


@router.delete("/items/{item}", status_code=204)
def remove(request: Request, item: str) -> Response:
    """Take an item out of the shop for good; its id is not given again. Its events stay."""
    shop: Premises = request.app.state.shop
    shop.stocking().remove(item)
    return Response(status_code=204)


def _add(shop: Premises, response: Response, wanted: ItemAdded, brought: Brought) -> Any:
    new = NewItem(wanted.category, round(wanted.price * CENTS), wanted.name, wanted.item)
    picture = brought.read(shop).canonical
    item_id, is_offered = shop.stocking().add(new, picture, wanted.wait)
    place = f"/api/v1/items/{item_id}"
    if not is_offered:
        return JSONResponse(ItemAwaited(item=item_id).model_dump(), 202, {"Location": place})
    response.headers["Location"] = place
    live = shop.live()
    return product(live, numbered(live, item_id))


def _wanted(given: Any) -> ItemAdded:
    try:
        return ItemAdded.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "form"
        raise DataError(f"{where}: {first['msg']}") from None
