"""Who gives the token of the shop once may operate it from this browser."""

from __future__ import annotations

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from simulator.shop.pages.render import page
from simulator.shop.web.cookies import KEEPER, Signer, remember
from simulator.shop.web.tokens import Tokens

router = APIRouter(include_in_schema=False)

MONTH = 30 * 86_400


@router.get("/enter")
def enter(request: Request) -> Response:
    """Where the token is asked for, and where it stands."""
    return page(request, "enter.html.j2", is_wrong=False)


@router.post("/enter")
def give(request: Request, token: str = Form("", max_length=200)) -> Response:
    """Remember, signed, that this browser gave the token; the token itself is not kept in it."""
    tokens: Tokens | None = request.app.state.tokens
    if tokens is None or not tokens.is_the(token.strip()):
        return page(request, "enter.html.j2", status=401, is_wrong=True)
    signer: Signer = request.app.state.signer
    answer = RedirectResponse("/ops", 303)
    remember(request, answer, KEEPER, signer.keeper(tokens.token), seconds=MONTH)
    return answer


@router.post("/enter/forget")
def forget() -> Response:
    """Operate no more from this browser."""
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(KEEPER)
    return answer
