"""What the API takes and gives, with examples for its documentation."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from simulator.catalogues.csv_file import is_name

MOST_K = 100
SLATE_K = 10
"""Items of an answer by default: those of a slate."""
LONGEST_WAIT = 30.0
MOST_NAME = 200
MOST_PRICE = 10_000_000.0
ITEM_ID = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"


def plain(text: str | None) -> str | None:
    """Text that fits on one line, or none; ValueError for what does not."""
    if text and not all(is_name(one) for one in text):
        raise ValueError("wanted text on one line, without control characters")
    return text


class Given(BaseModel):
    """What comes in: unknown fields are refused, so that a misspelt one does not pass silently."""

    model_config = ConfigDict(extra="forbid")


class SearchWanted(Given):
    """A search with an item of the catalogue or of the pictures to search with."""

    item: str = Field(max_length=128, examples=["train-00042"])
    k: int = Field(SLATE_K, ge=1, le=MOST_K, description="items wanted; each ten are a slate")
    policy: str | None = Field(None, max_length=64, examples=["blend"])
    run: str | None = Field(None, max_length=12, description="a live run, in place of a policy")
    wait: float = Field(2.0, ge=0, le=LONGEST_WAIT, description="seconds; then 202 and a Location")


class RecommendedItem(BaseModel):
    """One item of a slate, and why."""

    item: str
    position: int
    score: float
    category: str
    price: float
    reason: str
    parts: dict[str, float]
    alike: float | None = None
    picture: str


class Searched(BaseModel):
    """A slate, or where it will stand."""

    search: str
    state: Literal["done", "waiting"]
    run: str
    policy: str
    query: str
    generation: int | None = None
    items: list[RecommendedItem] = []


class Product(BaseModel):
    """One item of the shop."""

    item: str
    name: str
    category: str
    price: float
    split: str
    available: bool
    picture: str


class ItemAwaited(BaseModel):
    """An item that was added and whose picture has no embedding yet."""

    item: str
    state: Literal["waiting"] = "waiting"


class ItemAdded(Given):
    """Something to sell; its picture comes beside it."""

    item: str | None = Field(None, pattern=ITEM_ID, description="its id; left out, one is given")
    category: str = Field(min_length=1, max_length=128, examples=["Bag"])
    price: float = Field(ge=0.01, le=MOST_PRICE, examples=[49.9])
    name: str = Field("", max_length=MOST_NAME, examples=["Canvas tote"])
    wait: float = Field(5.0, ge=0, le=LONGEST_WAIT, description="seconds; then 202")

    _is_plain = field_validator("category", "name")(plain)


class ItemChange(Given):
    """What shall be another way; what is left out stays."""

    price: float | None = Field(None, ge=0.01, le=MOST_PRICE)
    available: bool | None = Field(None, description="false: on no slate until it is true again")
    name: str | None = Field(None, max_length=MOST_NAME)

    _is_plain = field_validator("name")(plain)


class Page(BaseModel):
    """Some items of the shop."""

    items: list[Product]
    page: int
    pages: int
    total: int


class NeighbourShown(BaseModel):
    """An item beside another: cosine of the embeddings, or clicks of times looked at."""

    item: str
    category: str
    cosine: float | None = None
    clicked: int | None = None
    seen: int | None = None


class NeighboursShown(BaseModel):
    """What looks like an item, and what was clicked beside it."""

    visual: list[NeighbourShown]
    behavioural: list[NeighbourShown]


class EventGiven(Given):
    """Something that happened to a slate, told by a program."""

    event_id: str | None = Field(None, min_length=1, max_length=64, pattern=r"^[\w.:-]+$")
    kind: Literal["click", "cart", "purchase", "leave"]
    search: str = Field(max_length=64, examples=["0123456789ab-2000000001f-0"])
    position: int | None = Field(None, ge=1, le=MOST_K)
    dwell: float | None = Field(None, ge=0, le=86_400, description="seconds")


class Refused(BaseModel):
    """A line that was not taken."""

    line: int
    reason: str


class Received(BaseModel):
    """What became of events."""

    accepted: int
    duplicates: int
    refused: list[Refused]


class RunShown(BaseModel):
    """One run."""

    run: str
    kind: str
    state: str
    policy: str
    seed: int
    days: int
    shoppers: int
    items: int
    config: dict[str, Any] | None = None


class ShopperShown(BaseModel):
    """A shopper's events in a live run or in the run it goes on from."""

    shopper: int
    run: str
    sessions: int
    events: dict[str, int]
