"""The application: guards around, the API and the pages within."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import Depends, FastAPI
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from simulator.shop.api import events, experiments, searches, stocking, stream, things
from simulator.shop.opening import Premises
from simulator.shop.pages import (
    blind,
    entering,
    experimenting,
    looking,
    operating,
    pictures,
    plugging,
    reference,
    studying,
    watching,
)
from simulator.shop.pages.render import HERE, trouble
from simulator.shop.pages.shopping import basket, searching, shelf
from simulator.shop.web import errors, probes
from simulator.shop.web.cookies import Signer
from simulator.shop.web.counted import Counted, Metrics
from simulator.shop.web.guards import Guards
from simulator.shop.web.tokens import Tokens
from simulator.shop.web.writing import may_write

ABOUT = (
    "The recommender behind the shop: search with a picture or an item, tell what happened, look"
    " at items, runs and their metrics. Errors are RFC 9457 problems."
)


class _Kept(StaticFiles):
    """Static files, whose addresses change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def application(
    shop: Premises,
    signer: Signer,
    *,
    hosts: Collection[str] = (),
    tokens: Tokens | None = None,
    listens_nearby: bool = True,
) -> FastAPI:
    """All of it. hosts: names by which it may be called; none: any. tokens: what writing takes,
    over the API and in pages; None: nothing. listens_nearby: on loopback alone.
    """
    app = FastAPI(title="Windowshop", version="1", description=ABOUT, docs_url=None, redoc_url=None)
    app.state.shop = shop
    app.state.signer = signer
    app.state.tokens = tokens
    app.state.listens_nearby = listens_nearby
    errors.install(app, trouble)
    app.state.metrics = Metrics(shop.engine)
    app.add_middleware(Counted, metrics=app.state.metrics)
    app.add_middleware(Guards, hosts=hosts, tokens=tokens)
    for part in (searches, things, stocking, events, stream, experiments):
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(probes.router)
    app.include_router(pictures.router)
    for pages in (
        shelf,
        searching,
        basket,
        blind,
        entering,
        experimenting,
        looking,
        watching,
        studying,
        operating,
        plugging,
        reference,
    ):
        app.include_router(pages.router, dependencies=[Depends(may_write)])
    app.mount("/static", _Kept(directory=HERE / "static"), name="static")
    return app
