"""Searches on the shop page: by picture or item, more and less like it, and what was clicked."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from db.errors import WindowshopError
from db.events import Kind
from simulator.shop.api.searches import Brought
from simulator.shop.pages.render import policy_of
from simulator.shop.pages.shopping.answering import Asked, answered, detail, one_list, trouble
from simulator.shop.pages.shopping.sides import at, side_of, sides_of

router = APIRouter(include_in_schema=False)


@router.post("/search")
async def search_picture(request: Request, image: UploadFile) -> Response:
    """Search with a picture that was dropped, pasted, picked or taken."""
    content = await image.read()
    name = (image.filename or "picture")[:80]

    def ask() -> Response:
        try:
            sides = sides_of(request)
            photo = Brought(name, content).read(sides[0].shop)
            asked = [
                Asked(side, side.enquiries.ask_with_picture(side.visitor, photo.canonical))
                for side in sides
            ]
        except WindowshopError as error:
            return trouble(request, error)
        return answered(request, asked)

    return await run_in_threadpool(ask)


@router.post("/search/{item}")
def search_item(request: Request, item: str) -> Response:
    """Search with one of the pictures there are."""
    return _ask(request, item, Kind.SEARCH)


@router.post("/more/{item}")
def more_like(request: Request, item: str) -> Response:
    """She opened an item to see more like it."""
    return _ask(request, item, Kind.VIEW)


@router.post("/less/{ticket}/{position}")
def less_like(
    request: Request, ticket: str, position: int, beside: str = Query("", max_length=80)
) -> Response:
    """The same search again, with less like what stood there; in the list beside it, too."""
    try:
        earlier = [side_of(request, ticket)]
        side, first = earlier[0]
        item = side.live.items[side.acts.shown_at(first, position)].item_id
        if beside:
            other, second = side_of(request, beside)
            earlier.append((at(side, other.live, request), second))
        chosen = policy_of(request, side.shop)
        earlier.sort(key=lambda one: one[0].live.policy != chosen)
        asked = [
            Asked(one, one.enquiries.ask_for_less(one.visitor, before, one.number(item)))
            for one, before in earlier
        ]
    except WindowshopError as error:
        return trouble(request, error)
    return answered(request, asked)


@router.get("/answers/{ticket}")
def answers(
    request: Request,
    ticket: str,
    looks: int = Query(0, ge=0, le=1000),
    place: int = Query(-1, ge=-1, le=1),
    beside: str = Query("", max_length=80),
) -> Response:
    """The slate of a search, when it is there. Of two lists, place says which, and beside is the
    search of the other.
    """
    try:
        asked = Asked(*side_of(request, ticket))
    except WindowshopError as error:
        return trouble(request, error)
    if place < 0:
        return answered(request, [asked], looks=looks, wait=0.0)
    return one_list(request, asked, looks, place=place, beside=beside)


@router.post("/click/{ticket}/{position}")
def click(request: Request, ticket: str, position: int) -> Response:
    """A card was clicked: its details."""
    try:
        side, asked = side_of(request, ticket)
        place = side.acts.click(asked, position)
        answer = side.enquiries.answer(asked)
    except WindowshopError as error:
        return trouble(request, error)
    shown = side.shop.cards_of(side.live, answer) if answer else []
    card = next((one for one in shown if one.position == position), None)
    return detail(request, side.live, place.item, ticket=ticket, position=position, card=card)


@router.get("/look/{item}")
def look(request: Request, item: str) -> HTMLResponse:
    """Something on the shelf, large."""
    try:
        side = sides_of(request)[0]
        number = side.number(item)
    except WindowshopError as error:
        return trouble(request, error)
    return detail(request, side.live, number, ticket="", position=0, card=None)


def _ask(request: Request, item: str, kind: Kind) -> Response:
    try:
        asked = [
            Asked(side, side.enquiries.ask(side.visitor, side.number(item), kind))
            for side in sides_of(request)
        ]
    except WindowshopError as error:
        return trouble(request, error)
    return answered(request, asked)
