"""Two policies beside each other and nobody knows whose item is whose, until the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from db.errors import NotFoundError, UsageError
from db.events import Kind
from simulator.shop.live.asking import Ticket, Visitor
from simulator.shop.live.blind import MOST_PLAYERS, Blind, arrangement, team_draft
from simulator.shop.live.live_run import LiveRun
from simulator.shop.opening import OPEN, Premises
from simulator.shop.pages.render import page
from simulator.shop.pages.shopping.shelf import opening, spread
from simulator.shop.web.cookies import recognised
from simulator.shop.wish import OFFERED

router = APIRouter(include_in_schema=False)

SAMPLES = 14
WAIT_SECONDS = 20.0
FIRST = ("blend", "visual")


@router.get("/blind")
def blind(request: Request) -> Response:
    """The comparison as it stands, or the choice of two policies."""
    shop: Premises = request.app.state.shop
    if shop.state != OPEN:
        return opening(request, shop)
    live = shop.live()
    visitor = recognised(request, Response(), live)
    return page(
        request,
        "blind.html.j2",
        policies=OFFERED,
        first=FIRST,
        game=shop.blind.get(visitor.number),
        samples=[live.items[number] for number in spread(live.samples, SAMPLES)],
    )


@router.post("/blind/begin")
def begin(
    request: Request, one: str = Form(max_length=64), other: str = Form(max_length=64)
) -> Response:
    """Choose two policies; they are shuffled, so that not even their order tells."""
    shop: Premises = request.app.state.shop
    if one == other or one not in OFFERED or other not in OFFERED:
        raise UsageError("two different policies are wanted")
    answer = RedirectResponse("/blind", 303)
    visitor = recognised(request, answer, shop.live())
    while len(shop.blind) >= MOST_PLAYERS:
        shop.blind.pop(next(iter(shop.blind)), None)
    shop.blind[visitor.number] = Blind((one, other))
    return answer


@router.post("/blind/search/{item}")
def search(request: Request, item: str) -> Response:
    """Both policies answer; their lists are mixed."""
    shop: Premises = request.app.state.shop
    game, visitor = _game(request, shop)
    lives = [shop.live(policy) for policy in game.policies]
    tickets = [_asked(shop, live, visitor, item) for live in lives]
    found = [
        shop.enquiries(live).slate(ticket, WAIT_SECONDS)
        for live, ticket in zip(lives, tickets, strict=True)
    ]
    slates = [one for one in found if one is not None]
    if len(slates) < len(lives):
        values: dict[str, Any] = {
            "nobody": True,
            "ticket": tickets[0],
            "looks": 0,
            "place": -1,
            "beside": "",
        }
        return page(request, "parts/waiting.html.j2", **values)
    lives = [shop.live(policy) for policy in game.policies]  # with what came in meanwhile
    lists = [[int(one) for one in entries["item"]] for entries, _ in slates]
    theirs = renumbered(lists[1], lives[1], lives[0])
    picks = team_draft(lists[0], theirs, lives[0].k, " ".join(map(str, tickets)))
    for team, (live, ticket) in enumerate(zip(lives, tickets, strict=True)):
        entries, generation = slates[team]
        mine = arrangement(picks, team, live.k)
        mine = np.array(renumbered(mine.tolist(), lives[0], live), np.int32)
        shop.enquiries(live).arranged(ticket, entries, generation, mine)
    game.searches += 1
    cards = [
        (
            tickets[pick.team],
            place,
            lives[0].items[pick.item],
            int(lives[0].price[pick.item]),
        )
        for place, pick in enumerate(picks, 1)
    ]
    query = lives[0].items[lives[0].numbers[item]]
    return page(request, "parts/blind.html.j2", cards=cards, query=query, game=game)


@router.post("/blind/click/{ticket}/{position}")
def click(request: Request, ticket: str, position: int) -> Response:
    """A click counts for whoever chose the item; whose it was is not said."""
    shop: Premises = request.app.state.shop
    game, _ = _game(request, shop)
    asked = Ticket.of(ticket)
    live = shop.live_of(asked.run)
    team = game.policies.index(live.policy) if live.policy in game.policies else -1
    if team < 0:
        raise NotFoundError("that search is no part of this comparison")
    place = shop.acts(live).click(asked, position)
    game.click(asked, position, team)
    return page(request, "parts/noted.html.j2", item=live.items[place.item])


@router.post("/blind/end")
def end(request: Request) -> Response:
    """Whose items were clicked."""
    shop: Premises = request.app.state.shop
    game, visitor = _game(request, shop)
    shop.blind.pop(visitor.number, None)
    return page(request, "blind_end.html.j2", game=game)


def renumbered(numbers: list[int], of: LiveRun, to: LiveRun) -> list[int]:
    """Item numbers of one live run as another one of the same shop has them; -1 stays, and stands
    for what the other does not have. What came in later may have another number in each.
    """
    first = of.n_first
    return [one if one < first else to.numbers.get(of.items[one].item_id, -1) for one in numbers]


def _game(request: Request, shop: Premises) -> tuple[Blind, Visitor]:
    visitor = recognised(request, Response(), shop.live())
    if visitor.number not in shop.blind:
        raise NotFoundError("no comparison has begun; /blind begins one")
    return shop.blind[visitor.number], visitor


def _asked(shop: Premises, live: LiveRun, visitor: Visitor, item: str) -> Ticket:
    if item not in live.numbers:
        raise NotFoundError(f"no item {item[:80]!r} in this shop")
    return shop.enquiries(live).ask(visitor, live.numbers[item], Kind.SEARCH)
