"""The shop itself: shelf, search, cards, details, basket."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from db.errors import NotFoundError, WindowshopError, WorkError
from db.events import Kind
from simulator.shop.api.searches import Brought
from simulator.shop.live.acting import Basket
from simulator.shop.live.asking import Ticket, Visitor
from simulator.shop.live.cards import SAID
from simulator.shop.live.live_run import LiveRun
from simulator.shop.opening import OPEN, Premises
from simulator.shop.pages.language import NAMES
from simulator.shop.pages.render import page, policy_of, who
from simulator.shop.web.cookies import LANGUAGE, POLICY, SHOPPER, recognised, remember
from simulator.shop.web.errors import status_of
from simulator.shop.wish import OFFERED

router = APIRouter(include_in_schema=False)

SHELF = 60
SAMPLES = 14
QUICK_SECONDS = 2.5
PATIENT_LOOKS = 3
"""Looks of a second each, after which the page says so when nobody works."""


def shop_of(request: Request) -> Premises:
    """The shop of this process."""
    found: Premises = request.app.state.shop
    return found


def here(request: Request, response: Response) -> tuple[Premises, LiveRun, Visitor]:
    """The shop, the live run of the visitor's policy, and the visitor."""
    shop = shop_of(request)
    live = shop.live(policy_of(request, shop))
    return shop, live, recognised(request, response, live)


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
    cookies = Response()
    _, live, visitor = here(request, cookies)
    numbers = live.for_sale.get(category, []) if category else _mixed(list(live.for_sale.values()))
    if category and category not in live.for_sale:
        raise NotFoundError(f"no category {category!r} in this shop")
    pages = max(1, -(-len(numbers) // SHELF))
    first = (min(page_number, pages) - 1) * SHELF
    answer = page(
        request,
        "shop.html.j2",
        **who(request, shop),
        basket=shop.acts(live).basket(visitor),
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
    pass_cookies(cookies, answer)
    return answer


@router.post("/search")
async def search_picture(request: Request, image: UploadFile) -> Response:
    """Search with a picture that was dropped, pasted, picked or taken."""
    content = await image.read()
    name = (image.filename or "picture")[:80]

    def ask() -> Response:
        cookies = Response()
        try:
            shop, live, visitor = here(request, cookies)
            photo = Brought(name, content).read(shop)
            ticket = shop.enquiries(live).ask_with_picture(visitor, photo.canonical)
        except WindowshopError as error:
            return _trouble(request, error)
        return _answered(request, shop, live, ticket, cookies)

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
def less_like(request: Request, ticket: str, position: int) -> Response:
    """The same search again, with less like what stood there."""
    cookies = Response()
    shop = shop_of(request)
    try:
        asked = Ticket.of(ticket)
        live = shop.live_of(asked.run)
        visitor = recognised(request, cookies, live)
        item = shop.acts(live).shown_at(asked, position)
        again = shop.enquiries(live).ask_for_less(visitor, asked, item)
    except WindowshopError as error:
        return _trouble(request, error)
    return _answered(request, shop, live, again, cookies)


@router.get("/answers/{ticket}")
def answers(request: Request, ticket: str, looks: int = Query(0, ge=0, le=1000)) -> Response:
    """The slate of a search, when it is there."""
    cookies = Response()
    shop = shop_of(request)
    try:
        asked = Ticket.of(ticket)
        live = shop.live_of(asked.run)
    except WindowshopError as error:
        return _trouble(request, error)
    return _answered(request, shop, live, asked, cookies, looks=looks, wait=0.0)


@router.post("/click/{ticket}/{position}")
def click(request: Request, ticket: str, position: int) -> Response:
    """A card was clicked: its details."""
    shop = shop_of(request)
    try:
        asked = Ticket.of(ticket)
        live = shop.live_of(asked.run)
        place = shop.acts(live).click(asked, position)
        answer = shop.enquiries(live).answer(asked)
    except WindowshopError as error:
        return _trouble(request, error)
    shown = shop.shown(live, answer) if answer else []
    card = next((one for one in shown if one.position == position), None)
    return _detail(request, live, place.item, ticket=ticket, position=position, card=card)


@router.get("/look/{item}")
def look(request: Request, item: str) -> Response:
    """Something on the shelf, large."""
    cookies = Response()
    try:
        _, live, _ = here(request, cookies)
        number = _number(live, item)
    except WindowshopError as error:
        return _trouble(request, error)
    return _detail(request, live, number, ticket="", position=0, card=None)


@router.post("/cart/{ticket}/{position}")
def cart(request: Request, ticket: str, position: int) -> Response:
    """Into the basket, from a slate."""
    shop = shop_of(request)
    cookies = Response()
    try:
        asked = Ticket.of(ticket)
        live = shop.live_of(asked.run)
        visitor = recognised(request, cookies, live)
        shop.acts(live).put(asked, position)
    except WindowshopError as error:
        return _trouble(request, error)
    return _basket(request, shop.acts(live).basket(visitor), live)


@router.post("/cart-shelf/{item}")
def cart_shelf(request: Request, item: str) -> Response:
    """Into the basket, from the shelf."""
    cookies = Response()
    try:
        shop, live, visitor = here(request, cookies)
        shop.acts(live).put_from_shelf(visitor, _number(live, item))
    except WindowshopError as error:
        return _trouble(request, error)
    answer = _basket(request, shop.acts(live).basket(visitor), live)
    pass_cookies(cookies, answer)
    return answer


@router.get("/basket")
def basket(request: Request) -> Response:
    """What lies in the basket."""
    cookies = Response()
    shop, live, visitor = here(request, cookies)
    return _basket(request, shop.acts(live).basket(visitor), live)


@router.post("/basket/out/{item}")
def take_out(request: Request, item: str) -> Response:
    """Out of the basket again."""
    cookies = Response()
    shop, live, visitor = here(request, cookies)
    shop.acts(live).take_out(visitor, live.ever.get(item, -1))  # also what is gone from the shop
    return _basket(request, shop.acts(live).basket(visitor), live)


@router.post("/basket/buy")
def buy(request: Request) -> Response:
    """The purchase."""
    cookies = Response()
    try:
        shop, live, visitor = here(request, cookies)
        bought = shop.acts(live).buy(visitor)
    except WindowshopError as error:
        return _trouble(request, error)
    return _basket(request, Basket([], []), live, bought=bought)


@router.post("/leave")
def leave(request: Request) -> Response:
    """The end of a visit."""
    cookies = Response()
    shop, live, visitor = here(request, cookies)
    shop.acts(live).leave(visitor)
    return RedirectResponse("/", 303)


@router.post("/choose")
def choose(
    request: Request,
    policy: str = Form("", max_length=64),
    shopper: str = Form("-", max_length=10),
    language: str = Form("", max_length=8),
    back: str = Form("/", max_length=300),
) -> Response:
    """What a visitor wants to see: who ranks, whom she shops as, in which language."""
    inside = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    answer = RedirectResponse(back if inside else "/", 303)
    if policy in OFFERED:
        remember(request, answer, POLICY, policy)
    if language in NAMES:
        remember(request, answer, LANGUAGE, language)
    if shopper == "" or (shopper.isascii() and shopper.isdecimal()):
        remember(request, answer, SHOPPER, shopper)
    return answer


def opening(request: Request, shop: Premises) -> HTMLResponse:
    """While the shop opens, or when it could not."""
    failed = shop.error is not None
    return page(request, "opening.html.j2", status=503, said=shop.said, failed=failed)


def _ask(request: Request, item: str, kind: Kind) -> Response:
    cookies = Response()
    try:
        shop, live, visitor = here(request, cookies)
        ticket = shop.enquiries(live).ask(visitor, _number(live, item), kind)
    except WindowshopError as error:
        return _trouble(request, error)
    return _answered(request, shop, live, ticket, cookies)


def _answered(
    request: Request,
    shop: Premises,
    live: LiveRun,
    ticket: Ticket,
    cookies: Response,
    *,
    looks: int = 0,
    wait: float = QUICK_SECONDS,
) -> Response:
    try:
        found = shop.enquiries(live).answer(ticket, wait)
    except WindowshopError as error:
        return _trouble(request, error)
    values: dict[str, Any] = {"ticket": str(ticket), "looks": looks + 1}
    if found is None:
        nobody = looks >= PATIENT_LOOKS and not shop.is_anybody_working()
        answer = page(request, "parts/waiting.html.j2", nobody=nobody, **values)
    else:
        query = shop.acts(live).item(found.query)
        answer = page(
            request,
            "parts/answer.html.j2",
            cards=shop.shown(live, found),
            said=SAID,
            query=query,
            live=live,
            generation=found.generation,
            **values,
        )
    pass_cookies(cookies, answer)
    return answer


def _detail(request: Request, live: LiveRun, number: int, **values: Any) -> HTMLResponse:
    return page(
        request,
        "parts/detail.html.j2",
        item=live.items[number],
        price=int(live.price[number]),
        name=live.name(number),
        said=SAID,
        **values,
    )


def _basket(
    request: Request, found: Basket, live: LiveRun, bought: Basket | None = None
) -> HTMLResponse:
    lines = [
        (live.items[place.item], price)
        for place, price in zip(found.places, found.prices, strict=True)
    ]
    return page(request, "parts/basket.html.j2", lines=lines, total=found.total, bought=bought)


def _trouble(request: Request, error: WindowshopError) -> HTMLResponse:
    """What went wrong, and what to do about it."""
    return page(
        request,
        "parts/trouble.html.j2",
        code=status_of(error),
        said=str(error),
        is_ours=isinstance(error, WorkError),
    )


def _number(live: LiveRun, item: str) -> int:
    if item not in live.numbers:
        raise NotFoundError(f"no item {item[:80]!r} in this shop")
    return live.numbers[item]


def _mixed(columns: list[list[int]]) -> list[int]:
    """One of each category in turn, so that the front shows all of them."""
    longest = max((len(one) for one in columns), default=0)
    return [one[place] for place in range(longest) for one in columns if place < len(one)]


def spread(numbers: list[int], n: int) -> list[int]:
    """About n of the numbers, evenly taken."""
    step = max(1, len(numbers) // n)
    return numbers[::step][:n]


def pass_cookies(given: Response, answer: Response) -> None:
    """What one response would set, the other sets."""
    answer.raw_headers.extend(
        (name, value) for name, value in given.raw_headers if name == b"set-cookie"
    )
