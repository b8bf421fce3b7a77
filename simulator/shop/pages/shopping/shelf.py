"""The shop's front: search, the shelf by category, and what a visitor chose to see."""

from __future__ import annotations

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from db.errors import NotFoundError
from simulator.shop.opening import OPEN, Premises
from simulator.shop.pages.language import NAMES
from simulator.shop.pages.render import page, who
from simulator.shop.pages.shopping.basket import in_basket
from simulator.shop.pages.shopping.sides import shop_of, sides_of
from simulator.shop.web.cookies import BESIDE, LANGUAGE, POLICY, SHOPPER, remember
from simulator.shop.wish import OFFERED

router = APIRouter(include_in_schema=False)

SHELF = 60
SAMPLES = 14


@router.get("/")
def shelf(
    request: Request,
    category: str = Query("", max_length=128),
    page_number: int = Query(1, alias="page", ge=1, le=9999),
) -> Response:
    """The shop's front: search, and the shelf by category."""
    shop = shop_of(request)
    if shop.state != OPEN:
        return opening(request, shop)
    sides = sides_of(request)
    live = sides[0].live
    numbers = live.for_sale.get(category, []) if category else _mixed(list(live.for_sale.values()))
    if category and category not in live.for_sale:
        raise NotFoundError(f"no category {category!r} in this shop")
    pages = max(1, -(-len(numbers) // SHELF))
    first = (min(page_number, pages) - 1) * SHELF
    return page(
        request,
        "shop.html.j2",
        **who(request, shop),
        in_basket=in_basket(sides),
        categories={name: len(found) for name, found in live.for_sale.items()},
        category=category,
        shelf=[
            (number, live.items[number], int(live.price[number]))
            for number in numbers[first : first + SHELF]
        ],
        samples=[live.items[number] for number in spread(live.samples, SAMPLES)],
        page_number=min(page_number, pages),
        pages=pages,
        total=len(numbers),
    )


@router.post("/choose")
def choose(
    request: Request,
    *,
    policy: str = Form("", max_length=64),
    beside: str = Form("-", max_length=64),
    shopper: str = Form("-", max_length=10),
    language: str = Form("", max_length=8),
    back: str = Form("/", max_length=300),
) -> Response:
    """What a visitor wants to see: who ranks, who beside it, whom she shops as, the language."""
    inside = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    answer = RedirectResponse(back if inside else "/", 303)
    if policy in OFFERED:
        remember(request, answer, POLICY, policy)
    if beside == "" or beside in OFFERED:
        remember(request, answer, BESIDE, beside)
    if language in NAMES:
        remember(request, answer, LANGUAGE, language)
    if shopper == "" or (shopper.isascii() and shopper.isdecimal()):
        remember(request, answer, SHOPPER, shopper)
    return answer


def opening(request: Request, shop: Premises) -> HTMLResponse:
    """While the shop opens, or when it could not."""
    failed = shop.error is not None
    return page(request, "opening.html.j2", status=503, said=shop.said, failed=failed)


def spread(numbers: list[int], n: int) -> list[int]:
    """About n of the numbers, evenly taken."""
    step = max(1, len(numbers) // n)
    return numbers[::step][:n]


def _mixed(columns: list[list[int]]) -> list[int]:
    """One of each category in turn, so that the front shows all of them."""
    longest = max((len(one) for one in columns), default=0)
    return [one[place] for place in range(longest) for one in columns if place < len(one)]
