"""Who is there: a visitor's number in a signed cookie, and what she has chosen to see."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response

from db.errors import WindowshopError
from simulator.shop.live.asking import Visitor
from simulator.shop.live.live_run import LiveRun

FIRST_VISITOR = 1 << 30
"""Visitors are numbered from here on; simulated shoppers from 0."""

VISITOR = "visitor"
SHOPPER = "shopper"
POLICY = "policy"
BESIDE = "beside"
LANGUAGE = "language"
KEEPER = "keeper"
YEAR = 31_536_000
KEY_BYTES = 32


@dataclass(frozen=True)
class Signer:
    """Signs visitors' numbers, so that nobody shops as another person."""

    key: bytes

    def sign(self, number: int) -> str:
        """The cookie of a visitor."""
        return f"{number}.{self._mark(number)}"

    def read(self, cookie: str) -> int | None:
        """The visitor of a cookie; None when we did not sign it."""
        number, _, mark = cookie.partition(".")
        if not (number.isascii() and number.isdecimal() and len(number) <= 10):
            return None
        fits = hmac.compare_digest(mark.encode(), self._mark(int(number)).encode())
        return int(number) if fits else None

    def csrf(self, number: int) -> str:
        """What a form of a page of this visitor carries, which no page of another site knows."""
        return self._signed(f"form of {number}")

    def keeper(self, token: str) -> str:
        """The cookie of who gave the token; another token makes it void."""
        return self._signed(f"keeper {hashlib.sha256(token.encode()).hexdigest()}")

    def _mark(self, number: int) -> str:
        return self._signed(f"visitor {number}")

    def _signed(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:32]


def signer(home: Path) -> Signer:
    """The signer of an installation; its key is drawn at the first start and kept for the owner
    alone.
    """
    place = home / "shop.key"
    try:
        home.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(
                os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"
            ) as new:
                new.write(secrets.token_bytes(KEY_BYTES))
        except FileExistsError:
            pass
        return Signer(place.read_bytes())
    except OSError as error:
        raise WindowshopError(
            f"the key of visitors' cookies cannot be kept in {place} ({error.strerror}); "
            "set WINDOWSHOP_HOME to a place you may write"
        ) from None


def visitor_number(request: Request) -> int | None:
    """The visitor behind a request."""
    found: int | None = request.app.state.signer.read(request.cookies.get(VISITOR, ""))
    return found


def recognised(request: Request, response: Response, live: LiveRun) -> Visitor:
    """The visitor behind a request; a new one gets her cookie."""
    number = introduced(request, response)
    return Visitor(number, shopper_of(request, live, number))


def introduced(request: Request, response: Response) -> int:
    """The number of the visitor behind a request, the same one however often it is asked for; a
    new one gets her cookie.
    """
    number = visitor_number(request)
    if number is None:
        number = getattr(request.state, "visitor", None) or FIRST_VISITOR + secrets.randbits(30)
        request.state.visitor = number
        remember(request, response, VISITOR, request.app.state.signer.sign(number))
    return number


def shopper_of(request: Request, live: LiveRun, visitor: int) -> int:
    """Whom a visitor shops as: herself, or a simulated shopper of the run this one goes on from."""
    chosen = request.cookies.get(SHOPPER, "")
    if chosen.isascii() and chosen.isdecimal() and len(chosen) < 10:
        number = int(chosen)
        if number < live.known_shoppers:
            return number
    return visitor


def remember(
    request: Request, response: Response, name: str, value: str, *, seconds: int = YEAR
) -> None:
    """Set a cookie of ours."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
