"""The basket: what a visitor put into it from either list or the shelf, and its purchase."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from db.errors import WindowshopError
from db.items import Item
from simulator.shop.live.acting import Basket
from simulator.shop.pages.render import page
from simulator.shop.pages.shopping.answering import trouble
from simulator.shop.pages.shopping.sides import Side, side_of, sides_of

router = APIRouter(include_in_schema=False)

Line = tuple[Item, int]
"""An item and what it costs, in cents."""


@router.post("/cart/{ticket}/{position}")
def cart(request: Request, ticket: str, position: int) -> Response:
    """Into the basket, from a slate."""
    try:
        side, asked = side_of(request, ticket)
        sides = sides_of(request)
        item = side.live.items[side.acts.shown_at(asked, position)].item_id
        if item not in _ids(sides, but=side):
            side.acts.put(asked, position)
    except WindowshopError as error:
        return trouble(request, error)
    return _basket(request, sides)


@router.post("/cart-shelf/{item}")
def cart_shelf(request: Request, item: str) -> Response:
    """Into the basket, from the shelf."""
    try:
        sides = sides_of(request)
        number = sides[0].number(item)
        if item not in _ids(sides, but=sides[0]):
            sides[0].acts.put_from_shelf(sides[0].visitor, number)
    except WindowshopError as error:
        return trouble(request, error)
    return _basket(request, sides)


@router.get("/basket")
def basket(request: Request) -> Response:
    """What lies in the basket."""
    return _basket(request, sides_of(request))


@router.post("/basket/out/{item}")
def take_out(request: Request, item: str) -> Response:
    """Out of the basket again; also what is gone from the shop."""
    sides = sides_of(request)
    for side in sides:
        if item in _ids([side]):
            side.acts.take_out(side.visitor, side.live.ever[item])
    return _basket(request, sides)


@router.post("/basket/buy")
def buy(request: Request) -> Response:
    """The purchase: each item in the run of the list it was taken from."""
    try:
        sides = sides_of(request)
        filled = [side for side in sides if side.acts.basket(side.visitor).places] or sides[:1]
        for side in filled:  # nothing is bought while something cannot be
            side.acts.refuse_unsold(side.acts.basket(side.visitor).places)
        bought = [side.acts.buy(side.visitor) for side in filled]
    except WindowshopError as error:
        return trouble(request, error)
    total = sum(one.total for one in bought)
    return _drawn(request, [], bought=(sum(len(one.places) for one in bought), total))


@router.post("/leave")
def leave(request: Request) -> Response:
    """The end of a visit."""
    for side in sides_of(request):
        side.acts.leave(side.visitor)
    return RedirectResponse("/", 303)


def in_basket(sides: list[Side]) -> int:
    """How many items lie in the basket."""
    return sum(len(one.places) for _, one in _baskets(sides))


def _baskets(sides: list[Side]) -> list[tuple[Side, Basket]]:
    return [(side, side.acts.basket(side.visitor)) for side in sides]


def _ids(sides: list[Side], but: Side | None = None) -> set[str]:
    """The ids of what lies in the basket; but: other than from this list."""
    run = but.live.run.id if but else ""
    return {
        side.live.items[place.item].item_id
        for side, found in _baskets(sides)
        if side.live.run.id != run
        for place in found.places
    }


def _basket(request: Request, sides: list[Side]) -> HTMLResponse:
    lines = [
        (side.live.items[place.item], price)
        for side, found in _baskets(sides)
        for place, price in zip(found.places, found.prices, strict=True)
    ]
    return _drawn(request, lines)


def _drawn(
    request: Request, lines: list[Line], bought: tuple[int, int] | None = None
) -> HTMLResponse:
    """bought: how many items, and for how many cents."""
    total = sum(price for _, price in lines)
    return page(request, "parts/basket.html.j2", lines=lines, total=total, bought=bought)
