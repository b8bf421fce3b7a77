"""What a search is answered with: cards, two lists of cards, a wait, or what went wrong."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from db.errors import WindowshopError, WorkError
from simulator.shop.live.asking import Ticket
from simulator.shop.live.cards import SAID
from simulator.shop.live.live_run import LiveRun
from simulator.shop.pages.render import page
from simulator.shop.pages.shopping.sides import Side
from simulator.shop.web.errors import status_of

QUICK_SECONDS = 2.5
PATIENT_LOOKS = 3
"""Looks of a second each, after which the page says so when nobody works."""


class Asked(NamedTuple):
    """A search that was stored, and by whom at which policy."""

    side: Side
    ticket: Ticket


def answered(
    request: Request,
    asked: list[Asked],
    *,
    looks: int = 0,
    wait: float = QUICK_SECONDS,
) -> Response:
    """The list that was asked for, or two beside each other, as far as they are there."""
    deadline = time.monotonic() + wait
    try:
        lists = [_listed(one, looks, max(0.0, deadline - time.monotonic())) for one in asked]
    except WindowshopError as error:
        return trouble(request, error)
    if len(lists) > 1:
        return page(request, "parts/beside.html.j2", **_beside(asked, lists))
    name = "parts/waiting.html.j2" if lists[0]["waits"] else "parts/answer.html.j2"
    return page(request, name, **lists[0], place=-1, beside="")


def one_list(request: Request, asked: Asked, looks: int, *, place: int, beside: str) -> Response:
    """One of two lists, for which the page had to wait. beside: the search of the other."""
    try:
        found = _listed(asked, looks, 0.0)
    except WindowshopError as error:
        return trouble(request, error)
    name = "parts/waiting.html.j2" if found["waits"] else "parts/list.html.j2"
    return page(request, name, **found, place=place, beside=beside)


def detail(request: Request, live: LiveRun, number: int, **values: Any) -> HTMLResponse:
    """One item, large."""
    return page(
        request,
        "parts/detail.html.j2",
        item=live.items[number],
        price=int(live.price[number]),
        name=live.name(number),
        said=SAID,
        **values,
    )


def trouble(request: Request, error: WindowshopError) -> HTMLResponse:
    """What went wrong, and what to do about it."""
    return page(
        request,
        "parts/trouble.html.j2",
        code=status_of(error),
        said=str(error),
        is_ours=isinstance(error, WorkError),
    )


def _listed(asked: Asked, looks: int, wait: float) -> dict[str, Any]:
    """What one policy's list is drawn from."""
    side, ticket = asked
    found = side.enquiries.answer(ticket, wait)
    values = {"ticket": str(ticket), "looks": looks + 1, "live": side.live, "waits": found is None}
    if found is None:
        nobody = looks >= PATIENT_LOOKS and not side.shop.is_anybody_working()
        return {**values, "nobody": nobody}
    return {
        **values,
        "cards": side.shop.shown(side.live, found),
        "said": SAID,
        "query": side.acts.item(found.query),
        "generation": found.generation,
    }


def _beside(asked: list[Asked], lists: list[dict[str, Any]]) -> dict[str, Any]:
    """Two lists under one query, and how many items stand in both, once both are there."""
    ids = [{card.item.item_id for card in one.get("cards", ())} for one in lists]
    known = [one for one in lists if not one["waits"]]
    return {
        "lists": lists,
        "query": known[0]["query"] if known else None,
        "n_both": len(ids[0] & ids[1]) if len(known) == len(asked) else None,
    }
