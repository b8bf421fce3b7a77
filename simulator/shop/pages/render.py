"""Fills a template for a request: its language, who is there, and what stands in every page's
head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from simulator.shop.opening import OPEN, Premises
from simulator.shop.pages.language import NAMES, Language, choose
from simulator.shop.web.cookies import BESIDE, LANGUAGE, POLICY, introduced, shopper_of
from simulator.shop.web.nearby import is_nearby
from simulator.shop.web.writing import is_keeper
from simulator.shop.wish import OFFERED

HERE = Path(__file__).parents[1]
COMMAND = re.compile("`([^`]+)`")
HEADERS = {"Vary": "Cookie, Accept-Language", "Cache-Control": "no-store"}
LATER = "<!-- later -->"
PART_COLOURS = {"looks": "looks", "others": "others", "taste": "taste", "welcome": "welcome"}


@lru_cache
def environment() -> Environment:
    """The templates; whatever they print is escaped."""
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    found.globals["static"] = static
    found.filters["commands"] = commands
    found.filters["say"] = lambda text, language: language.say(text)
    return found


def commands(text: str) -> Markup:
    """A text whose `commands` are set as such; the rest of it is escaped."""
    return Markup(COMMAND.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


@lru_cache
def static(name: str) -> str:
    """The address of a static file; it changes with the file, which may be kept for ever."""
    digest = sha256((HERE / "static" / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?{digest}"


def language_of(request: Request) -> Language:
    """The language of a request."""
    return choose(
        request.cookies.get(LANGUAGE, ""), request.headers.get("accept-language", "")[:200]
    )


def policy_of(request: Request, shop: Premises) -> str:
    """The policy that a visitor chose, else the shop's own."""
    chosen = request.cookies.get(POLICY, "")
    return chosen if chosen in OFFERED else shop.wish.policy


def beside_of(request: Request, shop: Premises) -> str:
    """The policy that a visitor wants to see beside it; empty for none."""
    chosen = request.cookies.get(BESIDE, "")
    return chosen if chosen in OFFERED and chosen != policy_of(request, shop) else ""


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or a part of one, for this request; a new visitor gets her cookie with it."""
    cookies, known = _frame(request)
    text = environment().get_template(template).render({**known, **values})
    answer = HTMLResponse(text, status, headers=HEADERS)
    answer.raw_headers.extend(cookies)
    return answer


def page_as_it_comes(request: Request, template: str, **values: Any) -> StreamingResponse:
    """A page whose beginning is seen at once: each mark LATER in the template sends what stands
    before it, so that what takes long is called for below one.
    """
    cookies, known = _frame(request)
    pieces = environment().get_template(template).generate({**known, **values})
    answer = StreamingResponse(_by_marks(pieces), media_type="text/html", headers=HEADERS)
    answer.raw_headers.extend(cookies)
    return answer


def _by_marks(pieces: Iterable[str]) -> Iterator[str]:
    held: list[str] = []
    for piece in pieces:
        held.append(piece)
        if LATER in piece:
            yield "".join(held)
            held = []
    yield "".join(held)


def _frame(request: Request) -> tuple[list[tuple[bytes, bytes]], dict[str, Any]]:
    """The cookies of a visitor who is new, and what every page knows."""
    language = language_of(request)
    cookies = Response()
    number = introduced(request, cookies)
    return [one for one in cookies.raw_headers if one[0] == b"set-cookie"], {
        "_": language.say,
        "language": language,
        "languages": NAMES,
        "path": request.url.path,
        "is_nearby": is_nearby(request),
        "csrf": request.app.state.signer.csrf(number),
        "may_operate": is_keeper(request),
        "wants_token": request.app.state.tokens is not None,
        "news": request.app.state.shop.experiments.news(),
    }


def trouble(request: Request, status: int, detail: str) -> HTMLResponse:
    """What a person is shown when something did not work: what was wrong, and the way back."""
    template = "parts/trouble.html.j2" if "hx-request" in request.headers else "trouble.html.j2"
    found = page(request, template, status=status, code=status, said=detail)
    if status == 503:
        found.headers["Retry-After"] = "5"
    return found


def who(request: Request, shop: Premises) -> dict[str, Any]:
    """For the head of shop pages: policy, whom she shops as, and what lies in her basket."""
    policy = policy_of(request, shop)
    live = shop.live(policy)
    shopper = shopper_of(request, live, -1)
    return {
        "policy": policy,
        "policies": OFFERED,
        "policy_beside": beside_of(request, shop),
        "shopper": shopper if shopper >= 0 else None,
        "known_shoppers": live.known_shoppers,
        "is_open": shop.state == OPEN,
    }
