"""Writing through pages of a shop that others can reach: a mark on each form, and the token for
operations.
"""

from __future__ import annotations

import hmac

from fastapi import HTTPException, Request

from simulator.shop.web.cookies import KEEPER, Signer, visitor_number
from simulator.shop.web.guards import SAFE
from simulator.shop.web.tokens import Tokens

FIELD = "csrf"
HEADER = "x-csrf"
OPERATING = ("/ops/", "/experiments", "/live/crowd")
"""What concerns everybody: work, experiments, the simulated shoppers."""

OLD = "this page was loaded by somebody else or without cookies; load it again"
UNPROVEN = (
    "this takes the token of the shop: give it once at /enter, or send it as `Authorization:"
    " Bearer TOKEN`; `windowshop serve` says where it is kept"
)


async def may_write(request: Request) -> None:
    """Lets a request through that may write, and every one that does not.

    The token opens everything. Without it a visitor's signed cookie and the mark that our page
    gave her are wanted, and for operations the cookie of who gave the token before.
    Raises HTTPException 403 or 401.
    """
    tokens: Tokens | None = request.app.state.tokens
    if tokens is None or request.method in SAFE or tokens.carried(request.headers):
        return
    number = visitor_number(request)
    given = request.headers.get(HEADER) or str((await request.form()).get(FIELD, ""))
    signer: Signer = request.app.state.signer
    if number is None or not hmac.compare_digest(given.encode(), signer.csrf(number).encode()):
        raise HTTPException(403, OLD)
    if request.url.path.startswith(OPERATING) and not is_keeper(request):
        raise HTTPException(401, UNPROVEN, {"WWW-Authenticate": "Bearer"})


def is_keeper(request: Request) -> bool:
    """Whether this browser gave the token; everybody where none is wanted."""
    tokens: Tokens | None = request.app.state.tokens
    if tokens is None:
        return True
    signer: Signer = request.app.state.signer
    given = request.cookies.get(KEEPER, "")
    return hmac.compare_digest(given.encode(), signer.keeper(tokens.token).encode())
