"""POST /experiments: several policies meet the same shoppers; GET says how far it is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from simulator.shop.api.schemas import Given
from simulator.shop.api.searches import PROBLEMS
from simulator.shop.measuring.experiments import LARGEST, ExperimentWish
from simulator.shop.opening import Premises

router = APIRouter(tags=["experiments"], responses=PROBLEMS)


class ExperimentWanted(Given):
    """What to play."""

    policies: list[str] = Field(min_length=2, max_length=12, examples=[["visual", "blend"]])
    days: int = Field(4, ge=1, le=LARGEST["days"])
    shoppers: int = Field(500, ge=1, le=LARGEST["shoppers"])
    items: int = Field(1000, ge=10, le=LARGEST["items"])
    seeds: int = Field(1, ge=1, le=LARGEST["seeds"])


@router.post("/experiments", status_code=202)
def start(request: Request, response: Response, wanted: ExperimentWanted) -> Any:
    """Start an experiment; its workers are those of the shop. One at a time."""
    shop: Premises = request.app.state.shop
    started = shop.start_experiment(
        ExperimentWish(**wanted.model_dump(), catalogue=shop.wish.catalogue)
    )
    response.headers["Location"] = f"/api/v1/experiments/{started.id}"
    return started.to_json()


@router.get("/experiments/{job}")
def experiment(request: Request, job: str) -> Any:
    """How far an experiment is that was started here; when it is done, its result."""
    shop: Premises = request.app.state.shop
    return shop.experiments.one(job).to_json()
