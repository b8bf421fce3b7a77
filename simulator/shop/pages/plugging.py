"""/plug: a recommender of one's own is tried before a run: a server, or a file of lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from db.errors import UsageError, WindowshopError
from simulator.shop.measuring.trials import TrialWish
from simulator.shop.opening import OPEN, Premises
from simulator.shop.pages.language import Language
from simulator.shop.pages.render import language_of, page
from simulator.shop.pages.shopping.shelf import opening
from simulator.shop.web.errors import status_of
from simulator.shop.web.nearby import is_nearby

router = APIRouter(include_in_schema=False)

NAMES = (
    "answers",
    "wrong shape",
    "no number",
    "unknown item",
    "not to be shown",
    "twice",
    "too few",
    "same answer twice",
    "same answer in another batch",
    "learns a day",
    "a session with a history",
    "propensities",
    "an item not sold yet",
)
"""What `check` looks at, each by a name that pages translate."""

DETAILS = {
    r"(?P<a>\d+) of (?P<b>\d+) slates": "%(a)s of %(b)s slates",
    r"(?P<a>\d+) of (?P<b>\d+) slates differ": "%(a)s of %(b)s slates differ",
    r"(?P<a>\d+) of (?P<b>\d+) slates show one": "%(a)s of %(b)s slates show one",
    r"(?P<a>\d+) requests without a history": "%(a)s requests without a history",
    r"(?P<a>\d+) requests after a first slate": "%(a)s requests after a first slate",
    r"(?P<a>[\d,]+) events": "%(a)s events",
    r"it shows as often as it says, in (?P<a>[\d,]+) answers to one request": (
        "it shows as often as it says, in %(a)s answers to one request"
    ),
}
"""What it finds, with its numbers."""

PLAIN = (
    "none",
    "all equal",
    "another shape",
    "none is shown",
    "answer with int [n, k]",
    "answer with whole numbers",
    "number items from 0 to shop.n_items - 1",
    "leave out what requests.allowed excludes",
    "show each item once",
    "what you leave open is filled by lot",
    "draw by shop.seed alone",
    "let no row depend on another",
    "not every answer has them",
    "say all or none",
    "one for each item: float [n, k]",
)
"""What it finds and advises, without numbers."""


@router.get("/plug")
def plug(request: Request) -> Response:
    """What can be tried, and how."""
    if not is_nearby(request):
        return _elsewhere(request)
    shop: Premises = request.app.state.shop
    if shop.state != OPEN:
        return opening(request, shop)
    return page(request, "plug.html.j2", said="", address="")


@router.post("/plug")
async def begin(
    request: Request,
    address: str = Form("", max_length=300),
    lists: UploadFile | None = None,
) -> Response:
    """Begin a trial, and go to its page; or say what is wrong, with the form as it was."""
    if not is_nearby(request):
        return _elsewhere(request)
    shop: Premises = request.app.state.shop
    content = await lists.read() if lists is not None and lists.filename else None
    name = Path(lists.filename or "").name[:80] if lists is not None else ""
    try:
        config = shop.live().run.config
        spec = address.strip() if content is None else name
        if not spec:
            raise UsageError("an address or a file was wanted, none was given")
        wish = TrialWish(spec, config["catalogue"], config["items"], config["queries"], content)
        trial = shop.start_trial(wish)
    except WindowshopError as error:
        told = {"said": str(error), "address": address}
        return page(request, "plug.html.j2", status=status_of(error), **told)
    return RedirectResponse(f"/plug/{trial.id}", 303)


@router.get("/plug/{job}")
def trial(request: Request, job: str) -> Response:
    """How far it is; the page looks again by itself until it is done."""
    if not is_nearby(request):
        return _elsewhere(request)
    shop: Premises = request.app.state.shop
    told = shop.trials.one(job).to_json()
    return page(request, "plug_trial.html.j2", told=told, lines=_lines(request, told))


def _lines(request: Request, told: dict[str, Any]) -> list[tuple[str, bool, str]]:
    """Name, whether it holds, and what was found, in the language of the page."""
    language = language_of(request)
    checks = told.get("found", {}).get("checks", {})
    return [
        (language.say(name), one["ok"], in_words(language, one["detail"]))
        for name, one in checks.items()
    ]


def in_words(language: Language, detail: str) -> str:
    """What `check` found in a language; what a recommender said itself stays as it was."""
    return "; ".join(_piece(language, piece) for piece in detail.split("; "))


def _piece(language: Language, piece: str) -> str:
    for pattern, said in DETAILS.items():
        if found := re.fullmatch(pattern, piece):
            numbers = {
                name: language.number(int(text.replace(",", "")))
                for name, text in found.groupdict().items()
            }
            return language.say(said, **numbers)
    return language.say(piece) if piece in PLAIN else piece


def _elsewhere(request: Request) -> Response:
    return page(request, "plug_elsewhere.html.j2", status=403)
