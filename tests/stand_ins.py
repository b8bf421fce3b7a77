"""Stand-ins for servers that are no Python: what gorse and Metarank document of their REST
interfaces, and no more. They recommend what was clicked most.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict


class GorseItem(BaseModel):
    """https://gorse.io/docs/api/restful-api.html."""

    model_config = ConfigDict(extra="forbid")
    ItemId: str
    IsHidden: bool
    Categories: list[str]
    Timestamp: str


class GorseFeedback(BaseModel):
    """The same page."""

    model_config = ConfigDict(extra="forbid")
    FeedbackType: str
    UserId: str
    ItemId: str
    Timestamp: str


class MetarankEvent(BaseModel):
    """https://docs.metarank.ai/reference/event-schema: an interaction."""

    model_config = ConfigDict(extra="forbid")
    event: str
    id: str
    timestamp: str
    user: str
    session: str
    type: str
    item: str


class MetarankQuestion(BaseModel):
    """https://docs.metarank.ai/reference/api: what goes with some items."""

    model_config = ConfigDict(extra="forbid")
    count: int
    items: list[str]


def gorse() -> FastAPI:
    """Feedback sent twice counts once."""
    app = FastAPI()
    hidden: set[str] = set()
    clicks: set[tuple[str, str, str]] = set()

    @app.post("/api/items")
    async def items(body: list[GorseItem]) -> dict[str, int]:
        hidden.update(one.ItemId for one in body if one.IsHidden)
        return {"RowAffected": len(body)}

    @app.post("/api/feedback")
    async def feedback(body: list[GorseFeedback]) -> dict[str, int]:
        clicks.update((one.ItemId, one.UserId, one.Timestamp) for one in body)
        return {"RowAffected": len(body)}

    @app.post("/api/session/recommend")
    async def recommend(n: int, body: list[GorseFeedback]) -> list[dict[str, Any]]:
        assert body, "the query at least"
        ranked = Counter(item for item, _, _ in sorted(clicks) if item not in hidden)
        return [{"Id": item, "Score": float(times)} for item, times in ranked.most_common(n)]

    return app


def metarank() -> FastAPI:
    """It recommends nothing of what it was not trained on."""
    app = FastAPI()
    told: Counter[str] = Counter()
    known: Counter[str] = Counter()

    @app.post("/feedback")
    async def feedback(body: list[MetarankEvent]) -> dict[str, Any]:
        stamps = [int(one.timestamp) for one in body]
        assert stamps == sorted(stamps), "events come in their order"
        told.update(one.item for one in body if one.event == "interaction")
        return {"accepted": len(body), "status": "ok"}

    @app.post("/flush")
    async def flush() -> dict[str, Any]:
        return {"accepted": 0, "status": "ok"}

    @app.post("/train/similar")
    async def train() -> dict[str, int]:
        known.update(told)
        told.clear()
        return {"sizeBytes": 1}

    @app.post("/recommend/similar")
    async def recommend(body: MetarankQuestion) -> dict[str, Any]:
        found = known.most_common(body.count)
        return {"took": 1, "items": [{"item": item, "score": float(n)} for item, n in found]}

    return app
