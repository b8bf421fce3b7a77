"""An experiment from a form: start it, watch it, and be told when it is done."""

from __future__ import annotations

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from simulator.shop.measuring.experiments import RUNNING, ExperimentWish
from simulator.shop.opening import Premises
from simulator.shop.pages.render import page

router = APIRouter(include_in_schema=False)


@router.post("/experiments")
def start(
    request: Request,
    one: str = Form(max_length=64),
    other: str = Form(max_length=64),
    days: int = Form(),
    shoppers: int = Form(),
) -> Response:
    """Start it, and go to its page."""
    shop: Premises = request.app.state.shop
    wish = ExperimentWish((one, other), days, shoppers, catalogue=shop.wish.catalogue)
    return RedirectResponse(f"/experiments/{shop.start_experiment(wish).id}", 303)


@router.get("/experiments/{job}")
def experiment(request: Request, job: str) -> Response:
    """How far it is; the page looks again by itself until it is done."""
    shop: Premises = request.app.state.shop
    told = shop.experiments.one(job).to_json()
    if told["state"] != RUNNING:
        shop.experiments.look_at(job)
    return page(request, "experiment.html.j2", told=told)
